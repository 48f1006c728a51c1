"""A stranger's ZIP, taken apart in the sandbox: members become numbered files, names stay text (R27)."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

MAX_ENTRIES = 20_000
MAX_TOTAL = 64 * 1024**3
MAX_RATIO = 200  # whole archive and each member; images at best shrink ten times, black ones more
HARMLESS = 16 * 1024 * 1024  # no ratio is looked at below this
PIECE = 1024 * 1024


class _Refused(Exception):
    pass


def unzip(source: str, folder: str) -> dict[str, Any]:
    """Write the members of `source` into `folder` as 00000, 00001, ...

    Returns {"refused": reason of the whole archive or "", "members": [{"name", "file", "refused"}]}.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_whole(entries, Path(source).stat().st_size)
            members = [_member(archive, entry, number, folder) for number, entry in enumerate(entries)]
    except _Refused as reason:
        return {"refused": str(reason), "members": []}
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return {"refused": "the ZIP file is damaged", "members": []}
    return {"refused": "", "members": members}


def _check_whole(entries: list[zipfile.ZipInfo], size: int) -> None:
    """By the central directory, before a single byte is inflated."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise _Refused(f"the ZIP file has more than {MAX_ENTRIES} entries")
    if total > MAX_TOTAL or (total > HARMLESS and total > MAX_RATIO * size):
        raise _Refused("the ZIP file unpacks to far more than images")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, number: int, folder: str) -> dict[str, str]:
    answer = {"name": entry.filename, "file": f"{number:05}", "refused": ""}
    try:
        _check_member(entry)
        _inflate(archive, entry, Path(folder) / answer["file"])
    except _Refused as reason:
        answer["refused"] = str(reason)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        answer["refused"] = "damaged inside of the ZIP file"
    return answer


def _check_member(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        raise _Refused("encrypted")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _Refused("a link, which is never followed")


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """The announced size may be a lie, so count while inflating."""
    size = 0
    with archive.open(entry) as member, target.open("wb") as out:
        while piece := member.read(PIECE):
            size += len(piece)
            if size > HARMLESS and size > MAX_RATIO * max(1, entry.compress_size):
                out.truncate(0)
                raise _Refused("inflates to far more than an image")
            out.write(piece)
