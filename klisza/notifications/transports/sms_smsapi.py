"""Text messages through SMSAPI (smsapi+https://api.smsapi.pl/sms.do; its token in KLISZA_SMS_TOKEN)."""

from __future__ import annotations

import json

from django.conf import settings

from klisza.base.errors import DeliveryFailed

from . import web

# Its error numbers: text too long or missing, too many parts, no usable recipient. All others (wrong token or
# sender, no credit, busy) are repaired by somebody or pass by themselves.
REFUSALS = (11, 12, 13)
SENT_BEFORE = 53  # this idx was taken already: our earlier try arrived, its answer did not


def send(to: str, text: str, *, key: str) -> None:
    """`key` travels as idx with check_idx, so that a repeated message is sent once.

    Raises DeliveryFailed.
    """
    form = {
        "to": to.removeprefix("+"),
        "message": text,
        "from": settings.SMS_SENDER,
        "encoding": "utf-8",
        "format": "json",
        "idx": key,
        "check_idx": "1",
    }
    url = settings.SMS_URL.removeprefix("smsapi+")
    headers = {"Authorization": f"Bearer {settings.SMS_TOKEN}"}
    status, body = web.post("smsapi", url, data=form, headers=headers)
    error = _error(body)
    if error == SENT_BEFORE:
        return
    if error is not None:
        raise DeliveryFailed(f"smsapi error {error}", permanent=error in REFUSALS)
    if not 200 <= status < 300:
        raise DeliveryFailed(f"smsapi {status}", permanent=False)


def _error(body: bytes) -> int | None:
    """Errors come with status 200 as well. What is no JSON is judged by its status."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, int) else None
