"""Text messages as files under <data>/outbox/sms/."""

from __future__ import annotations

import json

from klisza.base import clock

from . import files


def send(to: str, text: str, *, key: str) -> None:
    """One JSON file {to, text, at}; the same key overwrites itself."""
    record = {"to": to, "text": text, "at": clock.now().isoformat(timespec="milliseconds")}
    files.write("sms", f"{key}.json", json.dumps(record, ensure_ascii=False).encode())
