"""Mail by SMTP (RFC 5321): smtp:// takes STARTTLS when offered, and insists on it before a password."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from django.conf import settings

from klisza.base.errors import DeliveryFailed

REPLY_SECONDS = 15
# The server has all but has not said so: giving up early makes a second copy (RFC 5321 4.5.3.2.6).
ACCEPT_SECONDS = 120
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463, first in the text of a reply (RFC 2034)
LOCAL = ("localhost", "127.0.0.1", "::1")


def send(mail: EmailMessage, *, key: str) -> None:
    """Hand over one mail to one recipient. `key` is already its Message-ID.

    Raises DeliveryFailed: permanent when 5xx is said to this recipient or content. A refused sender
    or password is a wrong setting: temporary, so that nothing is lost until somebody repairs it.
    """
    recipient = mail["To"].addresses[0].addr_spec
    try:
        with _connected() as server:
            server.mail(settings.MAIL_FROM, _envelope(server, key))
            _expect(server.rcpt(recipient), "recipient")
            assert server.sock is not None  # noqa: S101 - for the type checker
            server.sock.settimeout(ACCEPT_SECONDS)
            _expect(server.data(mail.as_bytes()), "content")
    except smtplib.SMTPDataError as refused:
        raise DeliveryFailed(f"smtp {refused.smtp_code} data", permanent=refused.smtp_code >= 500) from None
    except smtplib.SMTPResponseException as refused:
        raise DeliveryFailed(f"smtp {refused.smtp_code}", permanent=False) from None
    except (smtplib.SMTPException, OSError) as failed:
        raise DeliveryFailed(f"smtp {type(failed).__name__}", permanent=False) from None


def _envelope(server: smtplib.SMTP, key: str) -> list[str]:
    """So that a mail that comes back names itself, and comes back without its text (RFC 3461)."""
    return [f"ENVID={key}", "RET=HDRS"] if server.has_extn("dsn") else []


def _expect(reply: tuple[int, bytes], part: str) -> None:
    code, text = reply
    if 200 <= code < 300:
        return
    permanent = code >= 500
    enhanced = ENHANCED.match(text.decode("ascii", "replace"))
    status = enhanced.group() if enhanced else str(code)
    raise DeliveryFailed(
        f"smtp {code} {part}",
        permanent=permanent,
        refused_status=status if permanent and part == "recipient" else "",
    )


@contextlib.contextmanager
def _connected() -> Iterator[smtplib.SMTP]:
    url = urlsplit(settings.SMTP_URL)
    host = url.hostname or ""
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, url.port or 465, timeout=REPLY_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=REPLY_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif url.scheme == "smtp" and url.username and host not in LOCAL:
            raise DeliveryFailed("smtp offers no TLS for the password", permanent=False)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server
        with contextlib.suppress(
            smtplib.SMTPException, OSError
        ):  # it is delivered, whatever the good-bye says
            server.quit()
    finally:
        server.close()
