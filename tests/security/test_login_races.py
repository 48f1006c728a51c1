"""Counters under parallel tries and under SIGKILL, on a real database file (R41, R42)."""

from __future__ import annotations

import pytest

from tests.security.races import Run, program


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return program("login_race", tmp_path_factory.mktemp("races"))


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
