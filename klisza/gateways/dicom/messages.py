"""Fragments to messages (PS3.7, PS3.8 annex E): one at a time, a data set on its spool instead of in memory."""

from __future__ import annotations

from dataclasses import dataclass

from klisza.standards.dul.command import Request, read_request
from klisza.standards.dul.errors import Malformed
from klisza.standards.dul.pdus import Fragment

from .spool import Spool

LONGEST_COMMAND = 65_536


@dataclass(frozen=True)
class Message:
    """dataset: whoever takes the message closes it."""

    context_id: int
    request: Request
    dataset: Spool | None


class Assembler:
    def __init__(self, *, limit: int) -> None:
        """limit: bytes of a data set that are kept; a longer one is read to its end and dropped."""
        self.limit = limit
        self._begin()

    def _begin(self) -> None:
        self.context_id: int | None = None
        self.command = bytearray()
        self.request: Request | None = None
        self.dataset: Spool | None = None

    def take(self, fragment: Fragment) -> Message | None:
        """The message that this fragment completes. Raises Malformed."""
        if self.context_id not in (None, fragment.context_id):
            raise Malformed("a message in two presentation contexts")
        self.context_id = fragment.context_id
        is_whole = self._take_command(fragment) if fragment.is_command else self._take_data(fragment)
        if not is_whole or self.request is None:
            return None
        message = Message(fragment.context_id, self.request, self.dataset)
        self._begin()
        return message

    def _take_command(self, fragment: Fragment) -> bool:
        if self.request is not None:
            raise Malformed("a command where a data set was announced")
        self.command += fragment.data
        if len(self.command) > LONGEST_COMMAND:
            raise Malformed("a command set that does not end")
        if not fragment.is_last:
            return False
        self.request = read_request(self.command)
        if self.request.has_data:
            self.dataset = Spool(self.limit)
        return not self.request.has_data

    def _take_data(self, fragment: Fragment) -> bool:
        if self.dataset is None:
            raise Malformed("a data set without its command")
        self.dataset.write(fragment.data)
        return fragment.is_last

    def close(self) -> None:
        if self.dataset is not None:
            self.dataset.close()
