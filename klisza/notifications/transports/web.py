"""One POST to a text-message provider, with a deadline for the whole of it."""

from __future__ import annotations

import time
from typing import Any

import httpx

from klisza.base import tls
from klisza.base.errors import DeliveryFailed

SECONDS = (
    10  # for everything: a provider that answers a byte at a time holds a sender no longer than a silent one
)
MOST_BYTES = 65_536


def post(name: str, url: str, **request: Any) -> tuple[int, bytes]:
    """Status and body. name: of the transport, for the fault that staff read.

    Raises DeliveryFailed (temporary) when nothing, too much or too late came back.
    """
    deadline = time.monotonic() + SECONDS
    body = b""
    try:
        with httpx.stream(
            "POST", url, timeout=SECONDS / 2, follow_redirects=False, verify=tls.context(), **request
        ) as answer:
            for piece in answer.iter_raw():
                body += piece
                if time.monotonic() > deadline:
                    raise DeliveryFailed(f"{name} too slow", permanent=False)
                if len(body) > MOST_BYTES:
                    raise DeliveryFailed(f"{name} answers too much", permanent=False)
            return answer.status_code, body
    except httpx.HTTPError as failed:
        raise DeliveryFailed(f"{name} {type(failed).__name__}", permanent=False) from None
