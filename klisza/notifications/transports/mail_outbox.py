"""Mail as files under <data>/outbox/mail/: for trying out, and for hospitals whose own program sends them."""

from __future__ import annotations

from email.message import EmailMessage

from . import files


def send(mail: EmailMessage, *, key: str) -> None:
    """One RFC 5322 file; the same key overwrites itself."""
    files.write("mail", f"{key}.eml", mail.as_bytes())
