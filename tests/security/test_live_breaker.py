"""R44: somebody pumps text messages through many accounts; the breaker stops it, against two web servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from .farm import Farm, standing

LIMIT = 100  # as delivered: settings.CODES_PER_HOUR_ALL
AT_ONCE = 4
SUPPORT = "+48 22 000 00 00"
SENT = "SELECT count(*) FROM notifications_message WHERE kind = 'code'"


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with standing(tmp_path_factory.mktemp("breaker"), KLISZA_CODES_PER_HOUR_ALL=str(LIMIT)) as farm:
        yield farm


def log_in(farm: Farm, number: int, account: dict[str, str]) -> str:
    """The code page; a server that is busy (503) has begun nothing and is asked again."""
    browser = farm.browser(door=number)
    while browser.log_in(account["user_name"]).status_code == 503:
        time.sleep(0.2)
    page = browser.get("/login/code/").text
    browser.http.close()
    return page


def pump(farm: Farm, number: int) -> list[str]:
    accounts = farm.accounts(number)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda row: log_in(farm, *row), enumerate(accounts)))


def check(farm: Farm, pages: list[str]) -> None:
    hours = farm.rows("SELECT sent, most FROM accounts_texthour")
    assert {most for _sent, most in hours} == {LIMIT}
    assert farm.value(SENT) == sum(sent for sent, _most in hours) <= LIMIT * len(hours)
    assert farm.value("SELECT count(*) FROM accounts_alarm WHERE kind = 'texts'") == 1
    farm.portal.wait_for(lambda: farm.portal.mails("pomoc@szpital.example"), what="the alert")
    refused = [page for page in pages if "W tej chwili nie można wysłać kodu." in page and SUPPORT in page]
    assert len(refused) >= len(pages) - LIMIT * len(hours)


def test_hundred_and_twenty_logins_trip_the_breaker_r44(farm: Farm) -> None:
    """An hour may end meanwhile; then the next one has its own hundred."""
    pages = pump(farm, LIMIT + 20)
    if not farm.value("SELECT count(*) FROM accounts_alarm"):
        pages += pump(farm, LIMIT + 20)
    check(farm, pages)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_five_thousand_logins_trip_the_breaker_r44(farm: Farm) -> None:
    check(farm, [page for _round in range(10) for page in pump(farm, 500)])
