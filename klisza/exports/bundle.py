"""The ZIP as it flows: stored, in constant memory, gate checked on the way (N13)."""

from __future__ import annotations

import json
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import stream_zip
import structlog

from klisza.base import clock, sandbox
from klisza.base.errors import NotFound, SandboxFailed
from klisza.blobs import services as blobs

from . import queries, services
from .models import Export
from .queries import Content, Entry

log = structlog.get_logger(__name__)
CHUNK = 1024 * 1024
MODE = 0o100644
ZIP32_MOST = 0xF0000000  # beyond this, offsets need ZIP64
BEAT_SECONDS = 20.0
GATE_SECONDS = 0.5  # inside one large object; before each entry it is always asked

Member = tuple[str, Any, int, Any, Iterable[bytes]]


def stream(
    *, export: Export, content: Content, readme: str, still_open: Callable[[], bool]
) -> Iterator[bytes]:
    """Yield the ZIP; it ends short, and so is no ZIP, when the examination may no longer be seen.

    still_open: asks the gate anew. The DICOMDIR comes last, because it names what was really written.
    """
    outcome = "broken"
    try:
        yield from stream_zip.stream_zip(_members(export, content, readme, still_open), chunk_size=CHUNK)
        outcome = "complete"
    except NotFound:
        outcome = "stopped"
        raise
    finally:
        services.finish(export_id=export.pk, outcome=outcome)


def _members(
    export: Export, content: Content, readme: str, still_open: Callable[[], bool]
) -> Iterator[Member]:
    watch = _Watch(export, still_open)
    large = content.size > ZIP32_MOST
    written: list[Entry] = []
    yield _of_bytes("README.TXT", readme.encode("utf-8-sig"))
    for entry in (*content.reports, *content.objects):
        watch.ask()
        if queries.is_gone(export.examination, entry):
            continue
        if entry.text:
            yield _of_bytes(entry.name, entry.text)
            continue
        if entry.instance_id:
            written.append(entry)
        yield _of_blob(entry, watch, large=large)
    watch.ask()
    directory = _dicomdir(written) if written else None
    if directory:
        yield _of_bytes("DICOMDIR", directory)


class _Watch:
    """Asks the gate, and keeps the export's place while somebody reads."""

    def __init__(self, export: Export, still_open: Callable[[], bool]) -> None:
        self.export, self.still_open = export, still_open
        self.asked = self.beaten = time.monotonic()

    def ask(self) -> None:
        """Raises NotFound: the stream ends here."""
        self.asked = time.monotonic()
        if not self.still_open():
            raise NotFound
        if self.asked - self.beaten > BEAT_SECONDS:
            self.beaten = self.asked
            services.beat(export_id=self.export.pk)

    def over(self, entry: Entry) -> Iterator[bytes]:
        """An entry that goes while it is read ends the stream: its length has been promised."""
        for chunk in blobs.stream(entry.blob_key):
            if time.monotonic() - self.asked > GATE_SECONDS:
                self.ask()
                if queries.is_gone(self.export.examination, entry):
                    raise NotFound
            yield chunk


def _of_blob(entry: Entry, watch: _Watch, *, large: bool) -> Member:
    """Read twice: the checksum stands before the bytes of a stored entry.

    The second reading comes from memory.
    """
    checksum = 0
    for chunk in blobs.stream(entry.blob_key):
        checksum = zlib.crc32(chunk, checksum)
    method = stream_zip.NO_COMPRESSION_64 if large else stream_zip.NO_COMPRESSION_32
    return (
        entry.name,
        clock.now(),
        MODE,
        method(entry.size, checksum),
        watch.over(entry),
    )


def _of_bytes(name: str, content: bytes) -> Member:
    return (
        name,
        clock.now(),
        MODE,
        stream_zip.NO_COMPRESSION_64(len(content), zlib.crc32(content)),
        (content,),
    )


def _dicomdir(entries: list[Entry]) -> bytes | None:
    """None when no object of it can be entered: the images are whole without a directory."""
    with tempfile.TemporaryDirectory(prefix="klisza-export-") as name:
        folder = Path(name)
        rows = [{"path": str(blobs.open_path(entry.blob_key)), "file_id": entry.file_id} for entry in entries]
        (folder / "listing.json").write_text(json.dumps(rows), "utf-8")
        try:
            made = sandbox.call(
                "klisza.exports.dicomdir:make",
                {"listing": "listing.json"},
                folder=folder,
                cpu_seconds=300,
                wall_seconds=600,
            )
        except SandboxFailed:
            log.warning("dicomdir_not_made", objects=len(entries))
            return None
        return (folder / "DICOMDIR").read_bytes() if made["entered"] else None
