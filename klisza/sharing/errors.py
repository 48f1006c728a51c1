from __future__ import annotations

from klisza.base.errors import NotFound, Refused, TooMany


class LinkDead(NotFound):
    """Wrong, expired, revoked, blocked or never there: one and the same for whoever asks."""


class PinWrong(Refused):
    """The try is counted already."""


class PinPaused(TooMany):
    """Too many wrong PINs; the right one works again after `retry_after` seconds."""
