"""What a caller is told who does not get in (PS3.8 table 9-21)."""

from __future__ import annotations

from dataclasses import dataclass

from klisza.standards.dul.pdus import reject


@dataclass(frozen=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ, with our sentence for staff."""

    result: int
    source: int
    reason: int
    sentence: str

    def pdu(self) -> bytes:
        return reject(self.result, self.source, self.reason)


UNKNOWN_CALLED = Rejection(1, 1, 7, "called AE title not recognised")
UNKNOWN_CALLING = Rejection(1, 1, 3, "calling AE title not recognised at this address")
UNKNOWN_CONTEXT = Rejection(1, 1, 2, "application context not supported")
UNKNOWN_VERSION = Rejection(1, 2, 2, "protocol version not supported")
TOO_MANY = Rejection(2, 3, 2, "too many associations")
NOT_NOW = Rejection(2, 3, 1, "shutting down or database away")
