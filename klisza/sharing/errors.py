from __future__ import annotations

from klisza.base.errors import NotFound, Refused, TooMany


class LinkDead(NotFound):
    """Wrong, expired, revoked, blocked or never there: one and the same for whoever asks."""


class PinWrong(Refused):
    """The try is counted already."""


class PinPaused(TooMany):
    """Too many wrong PINs; the right one works again after `retry_after` seconds."""


class NeedsRecipient(Refused):
    """The form must be filled in again; `field` says where."""

    def __init__(self, sentence: str, *, field: str) -> None:
        super().__init__(sentence)
        self.field = field
