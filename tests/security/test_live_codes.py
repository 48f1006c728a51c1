"""R40-R43 with the input of each row: two web servers of four processes, real sockets, SIGKILL between tries."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import DefaultCookiePolicy

import httpx
import pytest

from .farm import PASSWORD, Farm
from .live import FRESH, LOCKED, audited, begun, may_ask_again, wrong

GUESSES, AT_ONCE = 500, 40


def test_three_wrong_kill_the_code_five_lock_r40(farm: Farm) -> None:
    """3 wrong -> the right one fails too; 5 in total over a resend -> locked and a mail."""
    account = farm.account()
    browser, code = begun(farm, account)
    for number in (1, 2, 3):
        assert browser.enter(wrong(code, number)).status_code == 200
        farm.kill_a_worker()
    assert browser.enter(code).status_code == 200
    assert farm.of_account(account, "wrong_codes") == 3
    may_ask_again(farm, account)
    assert browser.post("/login/code/again/").status_code == 302
    second = farm.code(account, number=2)
    assert len(second) == 6
    browser.enter(wrong(second))
    page = browser.enter(wrong(second, 2))
    assert LOCKED in page.text
    assert farm.of_account(account, "lock_cause") == "codes"
    farm.portal.wait_for(lambda: "Ktoś zna Twoje hasło" in farm.mails(account), what="the mail")


def guess_at_once(farm: Farm) -> tuple[int, int, int, int]:
    """All guesses in parallel, the right code among them, through both doors: (tries, compared, passed, wrong)."""
    farm.portal.wait_for(farm.is_whole, seconds=60, what="the workers killed before")
    account = farm.account()
    browser, code = begun(farm, account)
    session, token = browser.cookie(), browser.token()
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar)
    assert session
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(headers={"Cookie": cookies}, timeout=120, limits=limits) as http:
        # The session of the one that passes is nobody else's.
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

        def guess(number: int) -> bool:
            door = farm.doors[number % 2]
            answer = http.post(
                door + "/login/code/",
                data={"csrfmiddlewaretoken": token, "code": wrong(code, number)},
                headers={"Origin": door},
            )
            # 400, 403: session and token had new names once the right one had passed;
            # 503: the database was busy, nothing was read
            assert answer.status_code in (200, 302, 400, 403, 503), answer.status_code
            return answer.headers.get("location", "") == "/examinations/"

        with ThreadPoolExecutor(AT_ONCE) as pool:
            entered = sum(pool.map(guess, random.sample(range(GUESSES), GUESSES)))
    assert entered <= 1
    wrong_ones = audited(farm, account, "login.code_wrong")
    passed = audited(farm, account, "login.code_ok")
    tries = farm.value(
        "SELECT tries FROM accounts_code WHERE login_id = (SELECT id FROM accounts_login WHERE account_id ="
        " (SELECT id FROM accounts_account WHERE user_name = ?))",
        account["user_name"],
    )
    return int(tries), wrong_ones + passed, passed, int(farm.of_account(account, "wrong_codes"))


def check_guesses(seen: tuple[int, int, int, int]) -> None:
    tries, compared, passed, wrong_codes = seen
    assert tries <= 3
    assert compared <= tries
    if passed:
        assert wrong_codes == 0  # a full login sets it back
    else:  # one that was counted may find the database too busy for its row, and is answered 503
        assert tries == wrong_codes == 3


def test_five_hundred_parallel_guesses_compare_three_r41(farm: Farm) -> None:
    check_guesses(guess_at_once(farm))


@pytest.mark.long
def test_five_hundred_parallel_guesses_twenty_rounds_r41(farm: Farm) -> None:
    for _round in range(20):
        check_guesses(guess_at_once(farm))


def test_kill_between_passwords_changes_no_total_r42(farm: Farm) -> None:
    """Alternating servers, one worker killed after each try, all of them after the third."""
    account = farm.account()
    for tries in range(1, 6):
        page = farm.browser(door=tries).log_in(account["user_name"], "nie to hasło")
        assert page.status_code == 200
        assert farm.of_account(account, "wrong_passwords") == tries
        farm.kill_all_workers() if tries == 3 else farm.kill_a_worker()
    assert farm.of_account(account, "state") == "locked"
    assert LOCKED in farm.browser(door=1).log_in(account["user_name"]).text


def test_kill_during_passwords_never_adds_a_try_r42(farm: Farm) -> None:
    """Workers die while tries are under way: what was compared was counted before, and five are enough."""
    account = farm.account()

    def one(number: int) -> None:
        browser = farm.browser(door=number)
        try:
            browser.log_in(account["user_name"], "nie to hasło")
        except httpx.HTTPError:
            pass  # its worker died

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(one, number) for number in range(24)]
        for _kill in range(4):
            time.sleep(0.3)
            farm.kill_a_worker()
        for done in waiting:
            done.result()
    assert audited(farm, account, "login.password_wrong") <= 5
    assert farm.of_account(account, "wrong_passwords") <= 5
    farm.portal.wait_for(lambda: farm.of_account(account, "state") == "locked", seconds=90, what="the lock")


def test_code_of_another_login_is_refused_and_counted_r43(farm: Farm) -> None:
    """Code of login A in login B; the old one after a resend; any after a change of the password."""
    account = farm.account()
    first, code_of_first = begun(farm, account)
    second, code_of_second = begun(farm, account, door=1, number=2)
    if code_of_first != code_of_second:
        assert second.enter(code_of_first).status_code == 200
        assert farm.of_account(account, "wrong_codes") == 1
    may_ask_again(farm, account)
    second.post("/login/code/again/")
    assert second.enter(code_of_second).status_code == 200
    assert first.enter(code_of_first).headers["location"] == "/examinations/"
    change = first.post(
        "/account/password/", old_password=PASSWORD, new_password=FRESH, new_password_again=FRESH
    )
    assert change.status_code == 302
    newest = farm.code(account, number=3)
    assert second.enter(newest).headers["location"] == "/login/"
