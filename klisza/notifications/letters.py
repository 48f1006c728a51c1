"""The look of every mail: text with a footer, and HTML made from that text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

# A temporary password: on a phone its groups stay on one line, so that nobody takes half of it.
GROUPS = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4})+\b")


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def compose(*, subject: str, text: str, language: str) -> Letter:
    """In the active language. Whatever the text contains, the HTML links to our own address only (R34)."""
    subject, text = " ".join(subject.split()), text.strip()
    context = {
        "subject": subject,
        "language": language,
        "portal": settings.PORTAL_NAME,
        "hospital": settings.HOSPITAL_NAME,
        "support": [
            part for part in (settings.SUPPORT_PHONE, settings.SUPPORT_EMAIL, settings.SUPPORT_HOURS) if part
        ],
    }
    footer = render_to_string("notifications/footer.txt", context).strip()
    html = render_to_string("notifications/mail.html", context | {"paragraphs": _paragraphs(text)})
    return Letter(subject, f"{text}\n\n-- \n{footer}\n", html)


def _paragraphs(text: str) -> list[SafeString]:
    return [_linked(block) for block in re.split(r"\n\s*\n", text) if block.strip()]


def _linked(block: str) -> SafeString:
    """Our own addresses become links, line breaks stay, everything else is text."""
    ours = re.compile(rf"({re.escape(settings.PUBLIC_URL)}(?:/[\w/.~%?=&#-]*)?)(?![\w:@.-])")
    pieces = ours.split(block.strip())
    marked = [
        format_html('<a href="{0}">{0}</a>', piece) if index % 2 else _whole_groups(escape(piece))
        for index, piece in enumerate(pieces)
    ]
    return mark_safe("".join(marked).replace("\n", "<br>\n"))  # every piece is escaped above


def _whole_groups(escaped: str) -> str:
    return GROUPS.sub(r'<span style="white-space:nowrap">\g<0></span>', escaped)
