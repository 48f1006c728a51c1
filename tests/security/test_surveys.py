"""R57: a survey is completed once, whoever presses twice and whatever dies in between."""

from __future__ import annotations

import pytest

from tests.security.races import Run, program


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return program("survey_race", tmp_path_factory.mktemp("surveys"))


def test_a_killed_completion_leaves_all_or_nothing_r57(run: Run) -> None:
    """SIGKILL before, inside and after the transaction; then the person presses once more."""
    assert run("points") == {
        "before the pdf": [True, "completed", True],
        "with its bytes durable": [True, "completed", True],
        "with the list closed": [True, "completed", True],
        "with the completion written": [True, "completed", True],
        "just before the commit": [True, "completed", True],
        "after the commit": [True, "already sent", True],
    }


def check_race(run: Run, rounds: int) -> None:
    seen = run("race", str(rounds))
    assert seen == {"wrong": [], "heard": {"already sent, completed, sent": rounds}}


def test_two_completions_with_a_chunk_in_flight_r57(run: Run) -> None:
    check_race(run, 2)


@pytest.mark.long
def test_two_completions_fifty_times_r57(run: Run) -> None:
    check_race(run, 50)


@pytest.mark.long
def test_killed_at_any_moment_sixty_times_r57(run: Run) -> None:
    """Somewhere between the first look and the answer, with bytes under way before it."""
    seen = run("random", "60")
    assert (seen["wrong"], seen["rounds"]) == ([], 60)
    assert seen["heard"] == ["already sent", "completed"], "all were killed on the same side of the commit"
