"""Sends what waits in the outbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings

from klisza.base.errors import DeliveryFailed

from . import bounces, mime, services
from .transports import mail_outbox, mail_smtp, sms_outbox, sms_smsapi, sms_webhook

log = structlog.get_logger(__name__)
SMS_TRANSPORTS = {"outbox": sms_outbox, "webhook": sms_webhook, "smsapi": sms_smsapi}


def run_mail() -> int:
    return _send_next("mail", _send_mail)


def run_sms() -> int:
    return _send_next("sms", _send_sms)


def run_expired() -> int:
    return services.drop_expired()


def run_forget() -> int:
    return services.forget_bodies()


def run_bounces() -> int:
    return bounces.take(Path(settings.DSN_DIR)) if settings.DSN_DIR else 0


def run_forget_bounces() -> int:
    return bounces.forget(Path(settings.DSN_DIR)) if settings.DSN_DIR else 0


def _send_next(channel: str, send: Callable[[services.Claimed], None]) -> int:
    """Returns 1 when there was one, sent or not."""
    claimed = services.claim(channel=channel)
    if claimed is None:
        return 0
    try:
        send(claimed)
    except DeliveryFailed as failed:
        services.not_sent(
            claimed, fault=str(failed), permanent=failed.permanent, refused_status=failed.refused_status
        )
        log.warning(
            "message_not_sent", message=str(claimed.id), fault=str(failed), permanent=failed.permanent
        )
    except Exception as failed:  # noqa: BLE001 - a message nobody can build must not come round for ever
        services.not_sent(claimed, fault=type(failed).__name__, permanent=True)
        log.error("message_unusable", message=str(claimed.id), error=type(failed).__name__)
    else:
        services.sent(claimed)
    return 1


def _send_mail(claimed: services.Claimed) -> None:
    transport = mail_outbox if settings.SMTP_URL.startswith("outbox:") else mail_smtp
    transport.send(mime.build(claimed.id, claimed.body, claimed.created_at), key=str(claimed.id))


def _send_sms(claimed: services.Claimed) -> None:
    transport = SMS_TRANSPORTS[settings.SMS_URL.partition(":")[0].partition("+")[0]]
    transport.send(claimed.body["to"], claimed.body["text"], key=str(claimed.id))


# Several of a kind run side by side: a server that hangs for one recipient holds up no other (L9).
PERIODIC = (
    (0.5, run_mail),
    (0.5, run_mail),
    (0.5, run_mail),
    (0.3, run_sms),
    (0.3, run_sms),
    (0.3, run_sms),
    (0.3, run_sms),
    (5.0, run_expired),
    (3600.0, run_forget),
    (10.0, run_bounces),
    (3600.0, run_forget_bounces),
)
