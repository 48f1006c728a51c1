from __future__ import annotations


class Refused(Exception):
    """The resource cannot be asked. link_id: which item; "" = the resource itself. reason: English, for staff."""

    def __init__(self, link_id: str, reason: str) -> None:
        super().__init__(f"{link_id}: {reason}" if link_id else reason)
        self.link_id = link_id
        self.reason = reason


class UnknownPath(Exception):
    """No item of the questionnaire can stand there."""
