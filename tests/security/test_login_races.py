"""Counters under parallel tries and under SIGKILL, on a real database file (R41, R42)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.portal import KLISZA, ROOT

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A program of login_race.py on a database of its own; what it prints, or nothing if it was killed."""
    folder: Path = tmp_path_factory.mktemp("races")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLISZA_")}
    environment = {**kept, "KLISZA_DEMO": "1", "KLISZA_DATA_DIR": str(folder)}
    subprocess.run([KLISZA, "migrate", "-v0"], env=environment, cwd=ROOT, check=True)

    def program(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.security.login_race", *arguments]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode in (0, -9), done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return program


def check_codes(run: Run, tries: str) -> None:
    seen = run("codes", tries)
    assert seen["compared"] <= 3
    assert seen["tries"] == seen["compared"]
    assert seen["wrong"] == seen["compared"] - seen["passed"]


def test_parallel_codes_are_compared_three_times_r41(run: Run) -> None:
    for _round in range(2):
        check_codes(run, "120")


@pytest.mark.long
def test_five_hundred_parallel_codes_twenty_rounds_r41(run: Run) -> None:
    for _round in range(20):
        check_codes(run, "500")


def test_bucket_never_overflows_r41(run: Run) -> None:
    assert run("bucket", "120", "10") == {"taken": 10, "count": 10}


def test_killed_processes_have_counted_their_try_r42(run: Run) -> None:
    user_name = run("account")["user_name"]
    for tries in range(1, 5):
        run("die", user_name)
        assert run("count", user_name) == {"wrong": tries, "locked": 0, "state": "active"}
    run("die", user_name)
    assert run("count", user_name) == {"wrong": 5, "locked": 1, "state": "locked"}
