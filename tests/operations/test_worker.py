from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections

from klisza.operations import metrics, worker
from klisza.operations.worker import Job


def sample(name: str, job: str) -> float:
    return metrics.registry.get_sample_value(name, {"job": job}) or 0.0


@pytest.mark.django_db
class TestOneRun:
    def test_good_run_is_counted(self) -> None:
        assert worker.run_once(Job("test.good", 1.0, lambda: 3)) == 3
        assert sample("klisza_job_things_done_total", "test.good") == 3

    def test_failure_ends_at_the_door(self, caplog: pytest.LogCaptureFixture) -> None:
        """R37: the place is logged, the values are not."""

        def fail() -> int:
            raise OperationalError("Żółta 50020112345")

        assert worker.run_once(Job("test.bad", 1.0, fail)) is None
        assert sample("klisza_job_failures_total", "test.bad") == 1
        assert "Żółta" not in caplog.text
        assert "OperationalError" in caplog.text


class TestPauses:
    def test_work_found_is_followed_at_once(self) -> None:
        assert worker._pause(Job("j", 5.0, int), 1, 0) < 0.1
        assert worker._pause(Job("j", 5.0, int), 0, 0) == 5.0

    def test_failures_back_off_to_five_minutes(self) -> None:
        pauses = [worker._pause(Job("j", 0.5, int), None, failures) for failures in range(1, 20)]
        assert pauses == sorted(pauses)
        assert pauses[0] == 2.0
        assert pauses[-1] == 300.0


@pytest.mark.django_db(transaction=False)
def test_hanging_job_does_not_stop_another() -> None:
    """L20"""
    stop, release, ran = threading.Event(), threading.Event(), threading.Event()

    def hang() -> int:
        release.wait(20)
        return 0

    def work() -> int:
        ran.set()
        return 0

    threads = [
        threading.Thread(target=worker._repeat, args=(Job(name, 0.1, run), stop))
        for name, run in (("test.hang", hang), ("test.work", work))
    ]
    for thread in threads:
        thread.start()
    assert ran.wait(10)
    stop.set()
    release.set()
    for thread in threads:
        thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_quiet_database_is_asked_seldom(tmp_path: Path) -> None:
    """An idle portal costs next to nothing; a commit of anybody else ends the pause."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite tells cheaply that nothing has changed")
    runs, stop = [], threading.Event()

    def look() -> int:
        runs.append(time.monotonic())
        return 0

    own = {**connection.settings_dict, "NAME": str(tmp_path / "own.sqlite3")}

    def repeat() -> None:
        connections["default"] = connection.copy()
        connections["default"].settings_dict.update(own, CONN_MAX_AGE=600)
        worker._repeat(Job("test.look", 0.02, look), stop)

    thread = threading.Thread(target=repeat)
    thread.start()
    time.sleep(1.5)
    quiet = len(runs)
    with contextlib.closing(sqlite3.connect(tmp_path / "own.sqlite3")) as other:
        other.execute("CREATE TABLE news (id)")
        other.commit()
    time.sleep(1.0)
    stop.set()
    thread.join(10)
    assert quiet == 1
    assert len(runs) == 2


def test_every_app_lists_its_jobs() -> None:
    names = [job.name for job in worker.all_jobs()]
    assert {"audit.link", "notifications.mail", "notifications.sms"} <= set(names)
    assert all(job.every > 0 for job in worker.all_jobs())
