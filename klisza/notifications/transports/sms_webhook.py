"""Text messages by POST of {to, text, at, from} to the hospital's own gateway (webhook+https://...)."""

from __future__ import annotations

from django.conf import settings

from klisza.base import clock
from klisza.base.errors import DeliveryFailed

from . import web

# The gateway refuses this message; 401, 403, 404 are a wrong setting, which somebody will repair.
REFUSALS = (400, 413, 422)


def send(to: str, text: str, *, key: str) -> None:
    """`key` travels as Idempotency-Key: a gateway that knows it sends a repeated message once.

    Raises DeliveryFailed.
    """
    at = clock.now().isoformat(timespec="milliseconds")
    record = {"to": to, "text": text, "at": at, "from": settings.SMS_SENDER}
    url = settings.SMS_URL.removeprefix("webhook+")
    status, _body = web.post("webhook", url, json=record, headers={"Idempotency-Key": key})
    if not 200 <= status < 300:
        raise DeliveryFailed(f"webhook {status}", permanent=status in REFUSALS)
