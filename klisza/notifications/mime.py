"""A mail as the standards want it (RFC 5322, 2045, 3834)."""

from __future__ import annotations

import uuid
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.conf import settings


def build(message_id: uuid.UUID, body: dict[str, str], created_at: datetime) -> EmailMessage:
    """The same row gives the same Message-ID at every try, so that a second copy can be recognised as one.

    The policy refuses a line break in any header (R34).
    """
    domain = settings.MAIL_FROM.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(settings.PORTAL_NAME, addr_spec=settings.MAIL_FROM)
    mail["To"] = Address(addr_spec=body["to"])
    mail["Subject"] = body["subject"]
    mail["Date"] = format_datetime(created_at)
    mail["Message-ID"] = f"<{message_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = body["language"]
    mail.set_content(body["text"])
    mail.add_alternative(body["html"], subtype="html")
    return mail
