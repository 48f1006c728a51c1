"""Files, folders, ZIPs and media into the archive; what each one became is told line by line."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from klisza.archive.services import Outcome, Source, store_instance
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed, Unavailable
from klisza.standards.dicom.errors import NotDicom, Unreadable
from klisza.standards.dicom.part10 import Part10, split
from klisza.standards.dicom.uids import EXPLICIT_BE, MEDIA_STORAGE_DIRECTORY

HEAD = 132 + 65_536 + 64  # as much as preamble and meta group may take
ZIP_MAGIC = b"PK\x03\x04"
ZIP_SECONDS = 900
LEFTOVER_SECONDS = 86_400


@dataclass(frozen=True)
class Line:
    """status: stored | duplicate | conflict | quarantined | skipped | refused."""

    path: str
    status: str
    reason: str = ""


def import_paths(paths: list[Path], *, issuer: str = "") -> Iterator[Line]:
    """Each file is judged by its content; names, suffixes and a DICOMDIR's references are never followed."""
    source = Source("import", issuer)
    for path in paths:
        if path.is_dir():
            for file in _files(path):
                yield from _import_file(file, str(file), source, named=False)
        elif path.is_file():
            yield from _import_file(path, str(path), source, named=True)
        else:
            yield Line(str(path), "refused", "no such file or folder")


def _files(folder: Path) -> Iterator[Path]:
    """Regular files below `folder`, in order; links are not followed (a medium may hold one to /)."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if (file := Path(parent, name)).is_file() and not file.is_symlink():
                yield file


def _import_file(path: Path, shown: str, source: Source, *, named: bool) -> Iterator[Line]:
    try:
        head = _head(path)
    except OSError as fault:
        yield Line(shown, "refused", f"cannot be read ({type(fault).__name__})")
        return
    if head.startswith(ZIP_MAGIC):
        yield from _import_zip(path, shown, source)
    else:
        yield _import_object(path, head, shown, source, named=named)


def _import_zip(path: Path, shown: str, source: Source) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(dir=_scratch(), prefix="zip-") as folder:
        try:
            answer = sandbox.call(
                "klisza.standards.zip.unpack:unzip",
                {"source": str(path.resolve()), "folder": folder},
                folder=Path(folder),
                memory_mb=512,
                cpu_seconds=ZIP_SECONDS,
                wall_seconds=ZIP_SECONDS,
                file_mb=settings.MAX_INSTANCE_MB,
            )
        except SandboxFailed as fault:
            yield Line(shown, "refused", f"the ZIP file could not be unpacked ({fault.reason})")
            return
        if answer["refused"]:
            yield Line(shown, "refused", answer["refused"])
        for member in answer["members"]:
            name = f"{shown}: {_printable(member['name'])}"
            if member["refused"]:
                yield Line(name, "refused", member["refused"])
            else:
                yield _import_member(Path(folder, member["file"]), name, source)


def _import_member(path: Path, shown: str, source: Source) -> Line:
    head = _head(path)
    if head.startswith(ZIP_MAGIC):
        return Line(shown, "refused", "a ZIP file inside of a ZIP file")
    line = _import_object(path, head, shown, source, named=False)
    path.unlink()
    return line


def _import_object(path: Path, head: bytes, shown: str, source: Source, *, named: bool) -> Line:
    try:
        found = split(head)
        if found.sop_class_uid == MEDIA_STORAGE_DIRECTORY or path.name == "DICOMDIR":
            return Line(shown, "skipped", "the index of a medium")
        outcome = _store(path, found, source)
    except NotDicom as reason:
        return Line(shown, "refused" if named else "skipped", reason.reason)
    except Unreadable as reason:
        return Line(shown, "refused", reason.reason)
    except SandboxFailed as fault:
        return Line(shown, "refused", f"could not be converted from big endian ({fault.reason})")
    except Unavailable as fault:
        return Line(shown, "refused", f"not kept, try again: {fault}")
    return Line(shown, outcome.status, outcome.reason)


def _store(path: Path, found: Part10, source: Source) -> Outcome:
    if path.stat().st_size > settings.MAX_INSTANCE_MB * 1024 * 1024:
        raise Unreadable("larger than KLISZA_MAX_INSTANCE_MB")
    if found.transfer_syntax_uid != EXPLICIT_BE:
        return store_instance(part10=path, source=source)
    with tempfile.TemporaryDirectory(dir=_scratch(), prefix="big-endian-") as folder:
        target = Path(folder, "0")
        sandbox.call(
            "klisza.standards.dicom.big_endian:to_explicit_le",
            {"source": str(path.resolve()), "target": str(target)},
            folder=Path(folder),
        )
        return store_instance(part10=target, source=source)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _scratch() -> Path:
    """On the data disk: /tmp may be memory. What a killed import left there goes after a day."""
    folder = Path(settings.DATA_DIR) / "scratch"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    return folder


def _printable(name: str) -> str:
    """A member's name may hold line breaks and terminal codes."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:200]
