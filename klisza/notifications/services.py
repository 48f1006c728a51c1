"""Outside effects are rows: these functions write them into the caller's transaction and send nothing."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from klisza.base import clock, sealing

from .models import Message


def enqueue_mail(
    *,
    to: str,
    language: str,
    template: str,
    context: dict[str, Any],
    kind: str,
    account_id: uuid.UUID | None = None,
    secret: bool = False,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Render `template`.txt (first line = subject, then a blank line, then plain text) and put it into the outbox.

    The HTML part is made from the text: paragraphs, and links only for our own address.
    secret: the body carries a password, code or link; it is wiped when handed over or expired.
    """
    with translation.override(language):
        subject, _, text = render_to_string(f"{template}.txt", context).strip().partition("\n")
        html = render_to_string("notifications/mail.html", {"subject": subject, "text": text.strip(), "language": language})
    body = {"to": to, "subject": subject.strip(), "text": text.strip() + "\n", "html": html, "language": language}
    return _enqueue("mail", body, kind, account_id, secret, due_at, expires_at)


def enqueue_sms(
    *,
    to: str,
    text: str,
    kind: str,
    account_id: uuid.UUID | None = None,
    secret: bool = False,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """to: E.164. A code that is older than its `expires_at` is dropped unsent."""
    return _enqueue("sms", {"to": to, "text": text}, kind, account_id, secret, due_at, expires_at)


def _enqueue(
    channel: str, body: dict[str, str], kind: str, account_id: uuid.UUID | None, secret: bool,
    due_at: datetime | None, expires_at: datetime | None,
) -> Message:  # fmt: skip
    now = clock.now()
    return Message.objects.create(
        channel=channel, kind=kind, account_id=account_id, secret=secret,
        sealed=sealing.seal(json.dumps(body).encode(), purpose="outbox"),
        created_at=now, due_at=due_at or now, expires_at=expires_at,
    )  # fmt: skip
