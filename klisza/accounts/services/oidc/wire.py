"""One exchange with a provider, bounded in time and size whatever it does.

It runs in a thread of its own: a name server that hangs, or headers that come one byte at a time, cannot be
stopped from outside. The page goes on after SECONDS; a few exchanges at a time at most, so that a provider that
drips holds a few idle threads and never a page.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

from klisza.accounts.errors import ProviderAway
from klisza.base import tls

SECONDS = 5.0  # for everything
CONNECT_SECONDS, READ_SECONDS = 2.0, 3.0
MOST_BYTES = 262_144
AT_ONCE = 8
_slots = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Answer:
    status_code: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Raises ProviderAway unless it is one JSON object."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            raise ProviderAway("not json") from None
        if not isinstance(read, dict):
            raise ProviderAway("not an object")
        return read


def exchange(
    method: str, url: str, *, headers: dict[str, str] | None = None, content: str | None = None
) -> Answer:
    """Raises ProviderAway: nothing, too much or too late came back, or too many wait already."""
    if not _slots.acquire(blocking=False):
        raise ProviderAway("busy")
    box: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            box.put(_ask(method, url, headers or {}, content))
        except Exception as failed:  # noqa: BLE001 - handed over to the page, which decides
            box.put(failed)
        finally:
            _slots.release()

    threading.Thread(target=work, daemon=True, name="oidc exchange").start()
    try:
        got = box.get(timeout=SECONDS)
    except queue.Empty:
        raise ProviderAway("silent") from None
    if isinstance(got, ProviderAway | httpx.HTTPError | httpx.InvalidURL | OSError):
        raise got if isinstance(got, ProviderAway) else ProviderAway(type(got).__name__) from got
    if isinstance(got, Exception):
        raise got
    return got


def _ask(method: str, url: str, headers: dict[str, str], content: str | None) -> Answer:
    """Nothing compressed is read: a kilobyte can unfold into gigabytes. Redirects are not followed."""
    deadline, body = time.monotonic() + SECONDS, b""
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    plain = {"Accept": "application/json", **headers, "Accept-Encoding": "identity"}
    with httpx.stream(
        method,
        url,
        headers=plain,
        content=content,
        timeout=timeout,
        follow_redirects=False,
        verify=tls.context(),
    ) as answer:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise ProviderAway("compressed")
        for piece in answer.iter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                raise ProviderAway("too much")
            if time.monotonic() > deadline:
                raise ProviderAway("too slow")
        return Answer(answer.status_code, body)
