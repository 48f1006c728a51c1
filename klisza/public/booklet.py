"""The instruction for patients: one Markdown text per language becomes the page and the PDF.

The texts lie in texts/<language>/instruction.md; names and numbers in them come from the settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import markdown
from django.conf import settings
from django.template import Context, Engine
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import override

TEXTS = Path(__file__).parent / "texts"
# Polish and Ukrainian lines do not end with a word of one letter.
LONELY = re.compile(r"(?<=[ (])([aiouwzаіоувзйя]) ", re.IGNORECASE)
CHAPTER = re.compile(r"<h2>(?P<title>.*?)</h2>")


@dataclass(frozen=True)
class Chapter:
    anchor: str
    title: SafeString


@dataclass(frozen=True)
class Booklet:
    language: str
    title: str
    chapters: tuple[Chapter, ...]
    body: SafeString


def title() -> str:
    """PORTAL PACJENTA – INSTRUKCJA DLA PACJENTA (M0.6), under the portal's own name."""
    return f"{settings.PORTAL_NAME} – {_('Instruction for patients')}".upper()


def file_name() -> str:
    return slugify(f"{settings.PORTAL_NAME} {_('Instruction for patients')}") or "instruction"


@lru_cache(maxsize=8)
def load(language: str) -> Booklet:
    """Texts and settings do not change while the process lives."""
    source = (TEXTS / language / "instruction.md").read_text("utf-8")
    with override(language):
        filled = (
            Engine(libraries={"l10n": "django.templatetags.l10n"})
            .from_string(source)
            .render(Context(facts()))
        )
        heading = title()
    body, chapters = _with_anchors(
        markdown.markdown(LONELY.sub("\\1\u00a0", filled), extensions=["sane_lists"], output_format="html")
    )
    # The text is part of this package; what the settings put into it was escaped by the template engine.
    return Booklet(language, heading, chapters, mark_safe(body))


def facts() -> dict[str, Any]:
    """What the texts may name."""
    return {
        "portal": settings.PORTAL_NAME,
        "hospital": settings.HOSPITAL_NAME,
        "address": settings.PUBLIC_URL,
        "phone": settings.SUPPORT_PHONE.replace(" ", "\u00a0"),  # a number is not broken across lines
        "email": settings.SUPPORT_EMAIL,
        "hours": settings.SUPPORT_HOURS,
        "show_from": date_format(settings.SHOW_FROM, "d.m.Y") if settings.SHOW_FROM else "",
        "code_digits": settings.OTP_DIGITS,
        "code_minutes": int(settings.CODE_LIFE.total_seconds() // 60),
        "password_least": settings.PASSWORD_LEAST,
        "temporary_days": settings.TEMPORARY_PASSWORD_LIFE.days,
        "wrong_passwords": settings.WRONG_PASSWORDS_BEFORE_LOCK,
        "reset_minutes": int(settings.RESET_LIFE.total_seconds() // 60),
        "idle_minutes": int(settings.SESSION_IDLE.total_seconds() // 60),
    }


def _with_anchors(html: str) -> tuple[str, tuple[Chapter, ...]]:
    """Numbered anchors: they stay the same in every language."""
    chapters: list[Chapter] = []

    def anchor(match: re.Match[str]) -> str:
        chapter = Chapter(f"chapter-{len(chapters) + 1}", mark_safe(match["title"]))
        chapters.append(chapter)
        return f'<h2 id="{chapter.anchor}">{chapter.title}</h2>'

    return CHAPTER.sub(anchor, html), tuple(chapters)
