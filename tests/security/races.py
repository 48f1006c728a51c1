"""A program with a database of its own, run as a process: what it prints, or nothing if it was killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.portal import KLISZA, ROOT, database, empty_database

Run = Callable[..., dict[str, Any]]


def program(module: str, folder: Path) -> Run:
    """module: its name below tests.security. The folder, or a database on the server of the tests, is prepared first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLISZA_")}
    on_server = database()
    environment = {**kept, "KLISZA_DEMO": "1", "KLISZA_DATA_DIR": str(folder), **on_server}
    if on_server:
        subprocess.run([KLISZA, "migrate", "--skip-checks", "-v0"], env=environment, check=True)
    else:
        shutil.copyfile(empty_database(), folder / "klisza.sqlite3")

    def run(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", f"tests.security.{module}", *arguments]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode in (0, -9), done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return run
