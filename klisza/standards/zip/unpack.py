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
    """code: entries | bomb | encrypted | link | damaged; the text is for staff."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def unzip(
    source: str, folder: str, max_entries: int = MAX_ENTRIES, max_total: int = MAX_TOTAL
) -> dict[str, Any]:
    """Write the members of `source` into `folder` as 00000, 00001, ...

    Returns {"refused": reason of the whole archive or "", "code", "members": [{"name", "file", "refused", "code"}]}.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_whole(entries, Path(source).stat().st_size, max_entries, max_total)
            members = [_member(archive, entry, number, folder) for number, entry in enumerate(entries)]
    except _Refused as reason:
        return {"refused": str(reason), "code": reason.code, "members": []}
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return {"refused": "the ZIP file is damaged", "code": "damaged", "members": []}
    return {"refused": "", "code": "", "members": members}


def _check_whole(entries: list[zipfile.ZipInfo], size: int, max_entries: int, max_total: int) -> None:
    """By the central directory, before a single byte is inflated."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > max_entries:
        raise _Refused("entries", f"the ZIP file has more than {max_entries} entries")
    if total > max_total or (total > HARMLESS and total > MAX_RATIO * size):
        raise _Refused("bomb", "the ZIP file unpacks to far more than images")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, number: int, folder: str) -> dict[str, str]:
    answer = {"name": entry.filename, "file": f"{number:05}", "refused": "", "code": ""}
    try:
        _check_member(entry)
        _inflate(archive, entry, Path(folder) / answer["file"])
    except _Refused as reason:
        answer |= {"refused": str(reason), "code": reason.code}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        answer |= {"refused": "damaged inside of the ZIP file", "code": "damaged"}
    return answer


def _check_member(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        raise _Refused("encrypted", "encrypted")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _Refused("link", "a link, which is never followed")


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """The announced size may be a lie, so count while inflating."""
    size = 0
    with archive.open(entry) as member, target.open("wb") as out:
        while piece := member.read(PIECE):
            size += len(piece)
            if size > HARMLESS and size > MAX_RATIO * max(1, entry.compress_size):
                out.truncate(0)
                raise _Refused("bomb", "inflates to far more than an image")
            out.write(piece)
