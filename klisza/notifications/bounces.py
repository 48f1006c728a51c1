"""The folder into which the mail server puts what came back (KLISZA_DSN_DIR)."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import structlog

from . import dsn, services

log = structlog.get_logger(__name__)

FILES_A_RUN = 50
SIZE_MOST = 2 * 1024 * 1024
STILL_WRITTEN_SECONDS = 2.0
# A returned mail may hold a temporary password.
KEEP_SECONDS = 7 * 24 * 3600.0


def take(folder: Path) -> int:
    """Read what lies there and put it aside: done/ when it was about a mail of ours, else unreadable/.

    Returns how many files. Raises OSError when the folder cannot be read or written.
    """
    waiting = [path for path in sorted(folder.iterdir()) if _is_ready(path)][:FILES_A_RUN]
    for path in waiting:
        _put_aside(path, folder / ("done" if _take(path) else "unreadable"))
    return len(waiting)


def forget(folder: Path) -> int:
    """What was put aside a week ago."""
    old = [
        path
        for name in ("done", "unreadable")
        for path in (folder / name).glob("*")
        if time.time() - path.lstat().st_mtime > KEEP_SECONDS
    ]
    for path in old:
        path.unlink()
    return len(old)


def _is_ready(path: Path) -> bool:
    """A whole file of its own: no folder, no link to somewhere else, not being written."""
    about = path.lstat()
    is_file = stat.S_ISREG(about.st_mode) and not path.name.startswith(".")
    return is_file and time.time() - about.st_mtime >= STILL_WRITTEN_SECONDS


def _take(path: Path) -> bool:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            raw = file.read(SIZE_MOST + 1)
        if len(raw) > SIZE_MOST:
            raise dsn.NotANotification
        said = dsn.parse(raw)
    except dsn.NotANotification:
        log.info("bounce_unreadable")
        return False
    if not said.failed:
        return True  # a delay; the server goes on trying
    known = [services.bounced(message_id=one, status=said.status) for one in said.message_ids]
    return any(known)


def _put_aside(path: Path, folder: Path) -> None:
    """Under a name of its own: the server may use one name again."""
    folder.mkdir(exist_ok=True, mode=0o700)
    os.utime(path)  # from now on it is kept for a week
    path.replace(folder / f"{time.time_ns()}-{path.name[-100:]}")
