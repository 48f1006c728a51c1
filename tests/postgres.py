"""A throw-away PostgreSQL: own folder, own port, gone afterwards. Needs no running server."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.portal import free_port

DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS = 30


def programs() -> Path | None:
    """Folder of initdb and postgres: the newest of Debian's, or where they are on the path."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Yields postgresql://... of an empty server; it refuses root, so it runs as `postgres` or `nobody`."""
    where = programs()
    assert where is not None, "PostgreSQL's server programs are missing"
    folder = Path(tempfile.mkdtemp(prefix="klisza-postgres-"))
    as_user = _unprivileged(folder)
    port = free_port()
    try:
        initdb = [where / "initdb", "-D", folder / "data", "-U", "klisza", "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)
        options = ["-k", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        options += ["-c", "max_connections=600"]  # docs/operations/settings.md, for two portals
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [where / "postgres", "-D", folder / "data", *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                **as_user,
            )
        try:
            url = f"postgresql://klisza@127.0.0.1:{port}/postgres"
            _wait(url, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str, name: str) -> str:
    """An empty database on that server; returns its address."""
    assert re.fullmatch(r"[a-z0-9_]+", name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload, unused-ignore]
    return f"{url.rpartition('/')[0]}/{name}"


def _unprivileged(folder: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    return {"user": user, "extra_groups": []}


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")
