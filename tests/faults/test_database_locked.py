"""L5: somebody holds the database for a minute."""

from __future__ import annotations

import sqlite3
import time
import urllib.error
import urllib.request

from tests.portal import Portal


def post(portal: Portal) -> tuple[int, str | None, float]:
    """One wrong login: it must count, so it must write."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open(f"{portal.url}/login/", timeout=60).read().decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    data = f"csrfmiddlewaretoken={token}&user_name=NOBODY12&password=wrong-password".encode()
    began = time.monotonic()
    try:
        with opener.open(f"{portal.url}/login/", data, timeout=60) as answer:
            return answer.status, None, time.monotonic() - began
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers["Retry-After"], time.monotonic() - began


def test_locked_database_gives_a_page_and_recovers(portal: Portal) -> None:
    assert post(portal)[0] == 200
    holder = sqlite3.connect(portal.folder / "data" / "klisza.sqlite3", isolation_level=None, timeout=60)
    holder.execute("BEGIN IMMEDIATE")
    try:
        status, retry_after, seconds = post(portal)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert status == 503
    assert retry_after is not None
    assert 2 < seconds < 30
    portal.wait_for(lambda: post(portal)[0] == 200, what="the recovery")
