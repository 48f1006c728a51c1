"""Everything the demo has sent, read from the outbox folder."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MOST = 40  # of each; older ones stay in the folder
NOT_PART_OF_A_LINK = ".,;:!?)"


@dataclass(frozen=True)
class Sent:
    """channel: mail | sms. html: the text, escaped, with working links to our own address only."""

    channel: str
    to: str
    subject: str
    text: str
    at: datetime
    key: str

    @property
    def html(self) -> SafeString:
        return with_links(self.text)


def mails() -> list[Sent]:
    return _newest("mail", "*.eml", _mail)


def text_messages() -> list[Sent]:
    return _newest("sms", "*.json", _text_message)


def with_links(text: str) -> SafeString:
    """Links lose their host, so that they work whatever name the visitor typed for this computer."""
    parts: list[str] = []
    end = 0
    for found in re.finditer(re.escape(settings.PUBLIC_URL) + r"[^\s<>\"]*", text):
        address = found.group().rstrip(NOT_PART_OF_A_LINK)
        local = address.removeprefix(settings.PUBLIC_URL) or "/"
        parts.append(escape(text[end : found.start()]))
        parts.append(f'<a href="{escape(local)}">{escape(address)}</a>')
        end = found.start() + len(address)
    return mark_safe("".join([*parts, escape(text[end:])]))


def _newest(folder: str, pattern: str, read: Callable[[Path, datetime], Sent]) -> list[Sent]:
    paths = (settings.DATA_DIR / "outbox" / folder).glob(pattern)
    by_age = sorted(((_modified(path), path) for path in paths), reverse=True)
    return [read(path, at) for at, path in by_age[:MOST]]


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _mail(path: Path, at: datetime) -> Sent:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    text = str(body.get_content()).strip() if body else ""
    return Sent("mail", str(message["To"]), str(message["Subject"]), text, at, path.stem)


def _text_message(path: Path, at: datetime) -> Sent:
    message = json.loads(path.read_text("utf-8"))
    return Sent("sms", message["to"], "", message["text"].strip(), at, path.stem)
