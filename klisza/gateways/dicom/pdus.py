"""The few PDUs that are read or written before an association has a thread (PS3.8 9.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEADER_BYTES = 6
A_ASSOCIATE_RQ, P_DATA_TF = 0x01, 0x04
KNOWN_TYPES = range(0x01, 0x08)
SHORTEST_REQUEST = 68  # fixed part of an A-ASSOCIATE-RQ behind its header
# 128 contexts with every transfer syntax there is take 300 KB; a longer request is no request (R20).
LONGEST_REQUEST = 1024 * 1024

# Provider-initiated abort, reason 6: invalid PDU parameter value.
ABORT: Final = bytes((0x07, 0, 0, 0, 0, 4, 0, 0, 2, 6))


@dataclass(frozen=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 table 9-21), with our sentence for staff."""

    result: int
    source: int
    reason: int
    sentence: str

    def pdu(self) -> bytes:
        return bytes((0x03, 0, 0, 0, 0, 4, 0, self.result, self.source, self.reason))


UNKNOWN_CALLED = Rejection(1, 1, 7, "called AE title not recognised")
UNKNOWN_CALLING = Rejection(1, 1, 3, "calling AE title not recognised at this address")
TOO_MANY = Rejection(2, 3, 2, "too many associations")
NOT_NOW = Rejection(2, 3, 1, "shutting down or database away")


def length_of(header: bytes | bytearray) -> int:
    """What the PDU announces to follow; up to 4 GiB, so never allocate by it."""
    return int.from_bytes(header[2:6], "big")


def titles(request: bytes) -> tuple[str, str]:
    """(called, calling) AE title of a complete A-ASSOCIATE-RQ."""
    return _title(request[10:26]), _title(request[26:42])


def _title(raw: bytes) -> str:
    return raw.decode("ascii", "replace").strip(" \0")
