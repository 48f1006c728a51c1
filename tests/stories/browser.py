"""Debian's Chromium for the stories. A module's tests share one process; each test has its own profile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}
# What succeeds does not wait so long; shared machines stand still for many seconds at times.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


# Not for the whole session: while it runs, Django refuses the database to tests of the same process.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()
