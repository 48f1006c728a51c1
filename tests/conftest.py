"""Fixtures every test may use; see portal.py for the running portal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.portal import ROOT, Portal, empty_database, running

MOST_SKIPPED = 0.05
# They take minutes in few tests: begun last, one of them would keep a single worker busy at the end.
SLOW_FIRST = (
    "tests/operations/test_postgres.py",
    "tests/hospital/",
    "tests/faults/",
    "tests/security/test_live_",
    "tests/security/test_replay_matrix.py",
    "tests/stories/test_session_end.py",
    "tests/stories/test_axe.py",
    "tests/stories/test_factors.py",
    "tests/gateways/test_upper_layer.py",
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in-process: begins with a copy of the empty database instead of a run of all migrations."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        copy = tmp_path_factory.mktemp("tables") / "test.sqlite3"
        shutil.copyfile(empty_database(), copy)
        database.setdefault("TEST", {})["NAME"] = str(copy)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"))


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`klisza up` without any patient: tests bring their own by commands. Demo settings, no demo data."""
    with running(tmp_path_factory.mktemp("portal")) as started:
        yield started


@pytest.fixture(scope="session")
def demo_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`klisza up --demo`: with the demo patients and their examinations; planned ones are shown, too."""
    shown = {"KLISZA_SHOW_PLANNED": "1", "KLISZA_PIN_AFTER_SECONDS": "2", "KLISZA_SHARE_NOTICE_MINUTES": "0"}
    with running(tmp_path_factory.mktemp("demo"), demo_data=True, **shown) as started:
        yield started


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real test data: KLISZA_SAMPLES, else ../shared/samples, else the core set in tests/data."""
    given = os.environ.get("KLISZA_SAMPLES")
    places = [Path(given)] if given else [ROOT.parent / "shared" / "samples", ROOT / "tests" / "data"]
    for place in places:
        if (place / "dicom").is_dir():
            return place
    pytest.skip("no samples: set KLISZA_SAMPLES")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_FIRST))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A suite that skips much proves little: more than 5 % skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = len(reporter.stats.get("skipped", []))
    run = (
        sum(len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "xfailed")) + skipped
    )
    if run >= 20 and skipped > MOST_SKIPPED * run and exitstatus == 0:
        reporter.write_line(
            f"{skipped} of {run} tests were skipped: more than 5 % counts as a failure", red=True
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
