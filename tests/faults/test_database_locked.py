"""L5: somebody holds the database for a minute."""

from __future__ import annotations

import sqlite3
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.portal import Portal, running


def post(portal: Portal) -> tuple[int, str | None, float]:
    """One wrong login: it must count, so it must write."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open(f"{portal.url}/login/", timeout=30).read().decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    data = f"csrfmiddlewaretoken={token}&user_name=NOBODY12&password=wrong-password".encode()
    began = time.monotonic()
    try:
        with opener.open(f"{portal.url}/login/", data, timeout=30) as answer:
            return answer.status, None, time.monotonic() - began
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers["Retry-After"], time.monotonic() - began


def test_locked_database_gives_a_page_and_recovers(tmp_path: Path) -> None:
    with running(tmp_path) as portal:
        assert post(portal)[0] == 200
        holder = sqlite3.connect(tmp_path / "data" / "klisza.sqlite3", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            status, retry_after, seconds = post(portal)
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        assert status == 503
        assert retry_after is not None
        assert 2 < seconds < 10
        portal.wait_for(lambda: post(portal)[0] == 200, seconds=10, what="the recovery")
