"""Runs a command with KLISZA_DATABASE_URL naming a throw-away PostgreSQL; returns its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.postgres import server


def main() -> int:
    with server() as url:
        environment = os.environ | {"KLISZA_DATABASE_URL": url, "KLISZA_TEST_DATABASE": "1"}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
