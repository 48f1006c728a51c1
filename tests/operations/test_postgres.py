"""Beyond one machine: the core of the suite on PostgreSQL; `make test-long` runs all of it there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal import ROOT, running
from tests.postgres import new_database, programs, server

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(programs() is None, reason="PostgreSQL's server programs are missing"),
]
# What locks, counts and orders rows; everything else on PostgreSQL is the long form's business.
CORE = [
    "tests/audit",
    "tests/notifications/test_jobs.py",
    "tests/patients/test_parallel.py",
    "tests/sharing/test_pins.py",
]
KEY = "test-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as address:
        yield address


def test_core_passes_on_postgresql(url: str) -> None:
    paths = [path for path in CORE if (ROOT / path).exists()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not long and not browser", *paths],
        env=os.environ | {"KLISZA_DATABASE_URL": url, "KLISZA_TEST_DATABASE": "1"},
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.long
def test_counters_of_the_login_hold_on_postgresql(url: str) -> None:
    """R40-R43 against two web servers with four workers, killed between and during tries."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not long", "tests/security/test_live_codes.py"],
        env=os.environ | {"KLISZA_DATABASE_URL": url, "KLISZA_TEST_DATABASE": "1"},
        cwd=ROOT, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


def test_portal_starts_on_postgresql(url: str, tmp_path: Path) -> None:
    address = new_database(url, "portal")
    with running(tmp_path, KLISZA_DATABASE_URL=address, KLISZA_SECRET_KEY=KEY) as portal:
        assert portal.get("/readyz") == (200, "ok\n")
        anna = ["--id", "MRN-1", "--family", "Żółta", "--given", "Anna", "--birth-date", "1950-02-01"]
        portal.klisza("patient", "upsert", *anna, "--email", "anna@example.org", "--mobile", "+48600100200")
        portal.wait_for(lambda: portal.mails("anna@example.org"), what="the first mail")
        chained = 'klisza_queue_length{queue="audit_unchained"} 0.0'
        portal.wait_for(
            lambda: chained in portal.get("/metrics", base=portal.metrics_url)[1], what="the chain"
        )
        assert portal.klisza("audit", "verify").stdout.startswith("ok: ")
        assert "ok     database     postgresql" in portal.klisza("doctor").stdout
