"""Bytes on their way in: one folder beside the blobs, on the same disk.

A batch writes a file of its own and tells nobody about it before it is durable. The file of an upload is written by
one request at a time, in whichever process; the kernel's lock goes with a process that is killed. What lies behind
the offset of its row was never acknowledged and is written over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from klisza.base.errors import NotFound, Unavailable
from klisza.blobs import storage as blobs

from .models import new_key

FOLDER = "incoming"  # not hexadecimal: never mistaken for one of the blobs' directories
SCRATCH = "scratch-"
PIECE = 1024 * 1024


def path_of(key: str) -> Path:
    if len(key) != 32 or not set(key) <= set("0123456789abcdef"):
        raise NotFound
    return blobs.root() / FOLDER / key


@contextmanager
def new_file() -> Iterator[tuple[str, int]]:
    """(key, descriptor) of an empty file; `settle` makes it durable. Removed when the block fails."""
    key = new_key()
    with faults():
        _folder()
        file = os.open(path_of(key), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        yield key, file
    except BaseException:
        remove(key)
        raise
    finally:
        os.close(file)


@contextmanager
def locked(key: str) -> Iterator[int | None]:
    """The descriptor of an upload's file, made when it is missing; None: somebody else writes to it now."""
    with faults():
        _folder()
        file = os.open(path_of(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file
    finally:
        os.close(file)


def write(file: int, piece: bytes, offset: int) -> None:
    rest = memoryview(piece)
    with faults():
        while rest:
            written = os.pwrite(file, rest, offset)
            rest, offset = rest[written:], offset + written


def settle(file: int) -> None:
    """Durable, and so is its name."""
    with faults():
        os.fdatasync(file)
        blobs.sync_directory(blobs.root() / FOLDER)


def pieces(key: str, offset: int, length: int) -> Iterator[bytes]:
    with _opened(key) as file:
        while length > 0 and (piece := os.pread(file, min(PIECE, length), offset)):
            yield piece
            offset, length = offset + len(piece), length - len(piece)


def size(key: str) -> int:
    with suppress(FileNotFoundError):
        return path_of(key).stat().st_size
    return 0


def remove(key: str) -> None:
    if key.startswith(SCRATCH):
        shutil.rmtree(blobs.root() / FOLDER / Path(key).name, ignore_errors=True)
        return
    with suppress(FileNotFoundError):
        path_of(key).unlink()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is taken apart; what a killed process left goes with `older_than`."""
    _folder()
    with faults():
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=blobs.root() / FOLDER))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def older_than(seconds: float) -> list[str]:
    """Keys of files that nobody has written to for so long, and folders that were left."""
    try:
        with os.scandir(blobs.root() / FOLDER) as entries:
            return [one.name for one in entries if _age(one) >= seconds]
    except FileNotFoundError:
        return []


@contextmanager
def faults() -> Iterator[None]:
    """A full or broken disk is "try again later": the browser still has the file."""
    try:
        yield
    except OSError as fault:
        raise Unavailable(f"incoming: {errno.errorcode.get(fault.errno or 0, 'OSError')}") from fault


@contextmanager
def _opened(key: str) -> Iterator[int]:
    with faults():
        file = os.open(path_of(key), os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _folder() -> None:
    folder = blobs.root() / FOLDER
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        blobs.sync_directory(folder.parent)


def _age(entry: os.DirEntry[str]) -> float:
    with suppress(FileNotFoundError):
        return time.time() - entry.stat(follow_symlinks=False).st_mtime
    return -1.0
