"""Delivery status notifications (RFC 3464): what a mail server says about a mail of ours that came back."""

from __future__ import annotations

import email
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

# Ours are <id@domain of the sender>; the id is a UUID. The domain proves nothing and is not compared.
OWN_ID = re.compile(
    r"<?\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(@|\b)", re.IGNORECASE
)
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
PARTS_MOST = 100


class NotANotification(Exception):
    """Some other mail, or no mail at all."""


@dataclass(frozen=True)
class Notification:
    """message_ids: of ours that it may be about. failed: given up, not merely late. status: RFC 3463, or ""."""

    message_ids: tuple[uuid.UUID, ...]
    failed: bool
    status: str


def parse(raw: bytes) -> Notification:
    """Raises NotANotification, whatever the bytes are."""
    try:
        return _parse(raw)
    except NotANotification:
        raise
    except Exception as broken:
        raise NotANotification from broken


def _parse(raw: bytes) -> Notification:
    mail = email.message_from_bytes(raw)
    if mail.get_content_type() != "multipart/report" or mail.get_param("report-type") != "delivery-status":
        raise NotANotification
    parts = [part for _, part in zip(range(PARTS_MOST), mail.walk(), strict=False)]
    groups = [
        group
        for part in parts
        if part.get_content_type() == "message/delivery-status"
        for group in _groups(part)
    ]
    if not groups:
        raise NotANotification
    actions = {str(group.get("Action", "")).strip().lower() for group in groups}
    statuses = [found.group(1) for group in groups if (found := STATUS.search(str(group.get("Status", ""))))]
    return Notification(
        message_ids=tuple(dict.fromkeys(_ids(groups, parts))),
        failed="failed" in actions,
        status=max(statuses, default=""),
    )


def _groups(part: Message) -> list[Message]:
    """The fields of the message, then those of each recipient."""
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _ids(groups: list[Message], parts: list[Message]) -> Iterator[uuid.UUID]:
    """Our envelope's name, else the returned mail's Message-ID."""
    texts = [str(group.get("Original-Envelope-Id", "")) for group in groups]
    for part in parts:
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            returned = email.message_from_bytes(payload) if isinstance(payload, bytes) else Message()
            texts.append(str(returned.get("Message-ID", "")))
        elif part.get_content_type() == "message/rfc822":
            texts += [str(one.get("Message-ID", "")) for one in _groups(part)]
    for text in texts:
        if found := OWN_ID.search(text):
            yield uuid.UUID(found.group(1))
