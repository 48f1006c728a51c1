"""The anchor: signed heads in a file outside the database, one JSON line each; copy it to another machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from . import chain


@dataclass(frozen=True)
class Head:
    at: datetime
    event_id: int
    hash: str
    signature: str


def file() -> Path:
    return Path(settings.DATA_DIR) / "audit" / "heads.jsonl"


def append(head: Head) -> None:
    """Durable when it returns."""
    file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    record = {
        "at": chain.moment(head.at),
        "event": head.event_id,
        "hash": head.hash,
        "signature": head.signature,
    }
    with os.fdopen(os.open(file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as out:
        out.write(json.dumps(record) + "\n")
        out.flush()
        os.fsync(out.fileno())


def heads() -> Iterator[Head]:
    """Every line; one cut off by a power cut at the end is no head. Raises ValueError on a damaged one."""
    if not file().exists():
        return
    lines = file().read_text("utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if number == len(lines) and not line.endswith("\n"):
            return
        try:
            record = json.loads(line)
            yield Head(
                datetime.fromisoformat(record["at"]), record["event"], record["hash"], record["signature"]
            )
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"line {number} of {file().name} cannot be read") from None
