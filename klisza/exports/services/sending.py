"""The bytes of a copy on their way: from any of them on, asked for anew all the time, in constant memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F

from klisza.base import clock
from klisza.base.errors import KliszaError, NotFound, Unavailable
from klisza.exports import keys, plan, queries, returning
from klisza.exports.converting import Converter
from klisza.exports.models import Export
from klisza.standards.zip.layout import Archive

from . import places

log = structlog.get_logger(__name__)
GATE_SECONDS = 0.25  # a withdrawal, the end of a share or of the session ends the stream within this time
NOTE_SECONDS = 1.0  # between two notes of how far it has come
# Pages must stay free: granian runs 24 threads a process, images take up to 14 of them (archive/dicomweb).
STREAMS_MOST = 6
_streams = threading.BoundedSemaphore(STREAMS_MOST)


@dataclass
class Sending:
    """A copy that may be sent: how long it is, and its bytes from any of them on."""

    export: Export
    archive: Archive
    made: plan.Plan
    converters: list[Converter] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.archive.size

    @property
    def tag(self) -> str:
        return self.export.fingerprint

    def stream(self, start: int, length: int) -> Running:
        """It ends short when it may not go on; Content-Length has promised more, so nobody takes it for whole.

        Raises TooMany (429), Unavailable (503) before the first byte.
        """
        if not _streams.acquire(blocking=False):
            self.close()
            raise Unavailable("exports", retry_after=10)
        try:
            return Running(self, start, length, _take_place(self.export))
        except BaseException:
            self.close()
            _streams.release()
            raise

    def close(self) -> None:
        for one in self.converters:
            one.__exit__(None, None, None)


class Running:
    """The server closes what it was given, read to the end or not, begun or not: the place is free then."""

    def __init__(self, sending: Sending, start: int, length: int, number: int) -> None:
        self._sending, self._number, self._sent = sending, number, start
        self._outcome, self._over = "broken", False
        self._watch = _Watch(sending, number)
        self._pieces = sending.archive.stream(start, length)

    def __iter__(self) -> Running:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
            self._watch.ask(self._sent)
        except StopIteration:
            self._outcome = "complete" if self._sent == self._sending.size else "part"
            self.close()
            raise
        except NotFound:
            self._outcome = "stopped"
            self.close()
            raise
        self._sent += len(piece)
        return piece

    def close(self) -> None:
        if not self._over:
            self._free()
            checksums = self._sending.archive.checksums
            _rest(self._sending.export, self._number, self._sent, self._outcome, checksums)

    def __del__(self) -> None:
        if not self._over:
            self._free()

    def _free(self) -> None:
        self._over = True
        try:
            self._pieces.close()
            self._sending.close()
        finally:
            _streams.release()


def open_sending(*, export: Export, key: str) -> Sending:
    """Raises NotFound: another key, over, no longer allowed, or not the same as before."""
    if export.state != Export.State.READY or not keys.opens(key, export.key_digest):
        raise NotFound
    viewer = returning.viewer_of(export)
    converters: list[Converter] = []
    made = plan.make(export, viewer, converters)
    if made.fingerprint != export.fingerprint:
        _end(export, "changed")
        for one in converters:
            one.__exit__(None, None, None)
        raise NotFound
    password = keys.unseal(bytes(export.password), key)
    return Sending(export, made.archive(export, password=password), made, converters)


class _Watch:
    """Asks the gate again, and keeps the copy's place while somebody reads."""

    def __init__(self, sending: Sending, number: int) -> None:
        self.sending, self.number = sending, number
        self.asked, self.noted = float("-inf"), time.monotonic()

    def ask(self, sent: int) -> None:
        """Raises NotFound: the stream ends here."""
        now = time.monotonic()
        if now - self.asked < GATE_SECONDS:
            return
        if not self._may_go_on():
            raise NotFound
        if now - self.noted >= NOTE_SECONDS:
            self.noted = now
            Export.objects.filter(pk=self.sending.export.pk, stream=self.number).update(
                sent=sent, beat_at=clock.now()
            )
        self.asked = time.monotonic()

    def _may_go_on(self) -> bool:
        export = Export.objects.filter(pk=self.sending.export.pk).defer("listing", "checksums").first()
        if export is None or export.state != Export.State.READY or export.stream != self.number:
            return False
        try:
            viewer = returning.viewer_of(export)
        except KliszaError:
            return False
        return queries.still(viewer, self.sending.made.content)


def _take_place(export: Export) -> int:
    """Number of the new stream; whoever read before (a connection that hangs, a second window) ends."""
    try:
        with transaction.atomic():
            places.take(export.holder, but=export)
            ready = Export.objects.filter(pk=export.pk, state=Export.State.READY)
            if not ready.update(stream=F("stream") + 1, beat_at=clock.now(), finished_at=None, outcome=""):
                raise NotFound
            return Export.objects.values_list("stream", flat=True).get(pk=export.pk)
    except DatabaseError as unwritten:
        raise Unavailable("exports") from unwritten


def _rest(export: Export, number: int, sent: int, outcome: str, checksums: dict[int, int]) -> None:
    """The stream is over; the copy may be gone on with until its row is too old."""
    mine = Export.objects.filter(pk=export.pk, stream=number)
    known = {str(index): crc32 for index, crc32 in checksums.items()}
    mine.filter(state=Export.State.READY).update(
        sent=sent, finished_at=clock.now(), outcome=outcome, checksums=known
    )
    if outcome == "stopped" and mine.filter(state=Export.State.READY).exists():
        _end(export, "stopped")
    log.info("export_stream_ended", export=str(export.pk), outcome=outcome)


def _end(export: Export, outcome: str) -> None:
    Export.objects.filter(pk=export.pk).exclude(state=Export.State.OVER).update(
        state=Export.State.OVER, finished_at=clock.now(), outcome=outcome, password=b""
    )
