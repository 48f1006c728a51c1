from __future__ import annotations

from klisza.base.errors import Refused


class SenderExists(Refused):
    """There is an HL7 sender of this name."""


class NoSuchSender(Refused):
    """There is no HL7 sender of this name."""
