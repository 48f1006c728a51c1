"""Bytes in a folder: <root>/ab/c/<32 hex digits>, durable before anyone is told.

Durable means: the bytes are synced under a temporary name, renamed, and the directory that holds the new name
is synced, as is every parent that had to be made for it. Keys are random; no data reaches a path (R26).
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from klisza.base.errors import NotFound, Unavailable

KEY_BYTES = 16
PIECE = 1024 * 1024
TEMPORARY = "tmp"  # not hexadecimal: never mistaken for a fan-out directory
Buffer = bytes | bytearray | memoryview

# Directories whose entry in their parent is known to be synced, so that each costs its sync once per process.
_durable_directories: set[Path] = set()


@dataclass(frozen=True)
class Stored:
    """Durable bytes that no row names yet; `sha256` as 64 hex characters."""

    key: str
    size: int
    sha256: str


def root() -> Path:
    return Path(str(settings.STORAGE_URL).removeprefix("file://"))


def open_path(key: str) -> Path:
    """Where the bytes of `key` lie. 256 x 16 directories: about 1,200 files each at five million objects."""
    if len(key) != 2 * KEY_BYTES or not set(key) <= set("0123456789abcdef"):
        raise NotFound
    return root() / key[:2] / key[2] / key


def put(data: Buffer | Iterable[Buffer]) -> Stored:
    """Write `data` durably under a new random key. Call outside transactions: it waits for the disk.

    Raises Unavailable when the folder cannot take it (full, read-only, broken); nothing is left behind then.
    """
    pieces = (data,) if isinstance(data, Buffer) else data
    digest, size = hashlib.sha256(), 0
    with temporary() as (path, file):
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            _write(file, piece)
        return _settle(path, file, size, digest.hexdigest())


def put_file(source: Path) -> Stored:
    """The same for the content of a file, in constant memory."""
    with source.open("rb") as file:
        return put(iter(lambda: file.read(PIECE), b""))


def read(key: str) -> bytes:
    return b"".join(stream(key))


def read_range(key: str, offset: int, length: int) -> bytes:
    """`length` bytes from `offset`, fewer at the end of the blob; one pread, no seeking."""
    with _opened(key) as file:
        return os.pread(file, length, offset)


def stream(key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
    with _opened(key) as file:
        left = os.fstat(file).st_size - offset if length is None else length
        while left > 0 and (piece := os.pread(file, min(PIECE, left), offset)):
            yield piece
            offset, left = offset + len(piece), left - len(piece)


def delete(key: str) -> None:
    """Remove the bytes; the row must be gone (committed) before."""
    with suppress(FileNotFoundError):
        open_path(key).unlink()


def keys_older_than(seconds: float) -> Iterator[list[str]]:
    """Keys of finished files, directory by directory; young ones may still be waiting for their row."""
    for first in _hex_directories(root()):
        for second in _hex_directories(first):
            yield [file.name for file in _files(second) if _age(file) >= seconds]


def delete_temporary(older_than: float) -> int:
    """Remove what a killed process left half-written; returns how many files."""
    old = [file for file in _files(root() / TEMPORARY) if _age(file) >= older_than]
    for file in old:
        with suppress(FileNotFoundError):
            Path(file.path).unlink()
    return len(old)


@contextmanager
def temporary() -> Iterator[tuple[Path, int]]:
    """A new file among the unfinished ones, on the same file system; removed unless it was renamed."""
    path = root() / TEMPORARY / secrets.token_hex(KEY_BYTES)
    file = -1
    try:
        with _disk_faults():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        yield path, file
    finally:
        if file >= 0:
            os.close(file)
        with suppress(OSError):
            path.unlink()


def _settle(path: Path, file: int, size: int, sha256: str) -> Stored:
    key = secrets.token_hex(KEY_BYTES)
    target = open_path(key)
    with _disk_faults():
        os.fdatasync(file)
        _make_durable(target.parent)
        path.rename(target)
        sync_directory(target.parent)
    return Stored(key, size, sha256)


def _write(file: int, piece: Buffer) -> None:
    rest = memoryview(piece).cast("B")
    with _disk_faults():
        while rest:
            rest = rest[os.write(file, rest[:PIECE]) :]


def _make_durable(directory: Path) -> None:
    """Make a directory and its parents; each new name is synced in its parent (or files get lost: P3)."""
    if directory in _durable_directories:
        return
    if directory != root():
        _make_durable(directory.parent)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_directory(directory.parent)
    _durable_directories.add(directory)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_faults() -> Iterator[None]:
    """Whatever stops us from writing is "try again later" to the sender, who still has the object."""
    try:
        yield
    except OSError as fault:
        _durable_directories.clear()  # somebody may have taken the folder away
        raise Unavailable(f"storage: {errno.errorcode.get(fault.errno or 0, 'OSError')}") from fault


@contextmanager
def _opened(key: str) -> Iterator[int]:
    try:
        file = os.open(open_path(key), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound from None
    except OSError as fault:
        raise Unavailable(f"storage: {errno.errorcode.get(fault.errno or 0, 'OSError')}") from fault
    try:
        yield file
    finally:
        os.close(file)


def _hex_directories(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return sorted(
                Path(entry.path)
                for entry in entries
                if entry.is_dir() and set(entry.name) <= set("0123456789abcdef")
            )
    except FileNotFoundError:
        return []


def _files(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _age(file: os.DirEntry[str]) -> float:
    try:
        return time.time() - file.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return -1.0
