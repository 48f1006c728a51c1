"""R46: nobody learns from the clock which names exist. 200 + 200 of each, interleaved, best of three runs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from klisza.base.ids import readable

from .farm import Browser, Farm, standing
from .timing import difference, mann_whitney

NUMBER, RUNS = 200, 3
Ask = Callable[[Browser, str], object]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with standing(tmp_path_factory.mktemp("timing"), KLISZA_ALARM_FAILURES="100000") as farm:
        yield farm


def log_in(browser: Browser, name: str) -> None:
    browser.log_in(name, "nie to hasło")


def forget(browser: Browser, name: str) -> None:
    browser.post("/login/forgotten/", user_name=name)


def resend(browser: Browser, name: str) -> None:
    browser.post("/login/code/again/", user_name=name)


def names(farm: Farm, kind: str) -> list[str]:
    if kind == "unknown":
        return [readable(8) for _name in range(NUMBER)]
    made = [account["user_name"] for account in farm.accounts(NUMBER)]
    if kind == "locked":
        quoted = ",".join(f"'{name}'" for name in made)
        farm.rows(
            "UPDATE accounts_account SET state = 'locked', lock_cause = 'staff', wrong_passwords = 5"
            f" WHERE user_name IN ({quoted})"
        )
    return made


def measure(farm: Farm, ask: Ask) -> dict[str, list[float]]:
    """Seconds of each answer, in random order, each from an address of its own."""
    tries = [(kind, name) for kind in ("unknown", "known", "locked") for name in names(farm, kind)]
    random.shuffle(tries)
    taken: dict[str, list[float]] = {"unknown": [], "known": [], "locked": []}
    for number, (kind, name) in enumerate(tries):
        browser = farm.browser(door=number)
        browser.token()
        began = time.perf_counter()
        ask(browser, name)
        taken[kind].append(time.perf_counter() - began)
        farm.close_browsers()
    return taken


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("ask", [log_in, forget, resend])
def test_times_tell_no_names_r46(farm: Farm, ask: Ask) -> None:
    seen = []
    for _run in range(RUNS):
        taken = measure(farm, ask)
        pairs = [(taken["unknown"], taken[kind]) for kind in ("known", "locked")]
        seen.append([(round(mann_whitney(*pair), 4), round(difference(*pair), 4)) for pair in pairs])
        if all(p > 0.01 or apart < 0.05 for p, apart in seen[-1]):
            print(f"{ask.__name__}: (p, difference of medians) known, locked: {seen[-1]}")
            return
    raise AssertionError(f"{ask.__name__}: {seen}")


def test_the_measure_tells_what_differs() -> None:
    """The test of the test: equal series pass, series apart by a tenth do not."""
    chance = random.Random(7)
    same = [[chance.gauss(100, 5) for _value in range(NUMBER)] for _series in range(2)]
    apart = [value * 1.1 for value in same[1]]
    assert mann_whitney(*same) > 0.01
    assert mann_whitney(same[0], apart) < 0.001
    assert difference(same[0], apart) > 0.05
