"""R39, R44-R47 with the input of each row, against two web servers of four processes."""

from __future__ import annotations

import re

import httpx
import pytest

from klisza.base.ids import readable

from .farm import Farm
from .live import LOCKED, audited, begun, may_ask_again


def test_hundred_resends_send_three_messages_r44(farm: Farm) -> None:
    account = farm.account()
    browser, _code = begun(farm, account)
    statuses = []
    for number in range(100):
        if number in (10, 40, 70):
            may_ask_again(farm, account)
        statuses.append(browser.post("/login/code/again/").status_code)
    assert statuses.count(302) == 3
    assert statuses.count(429) == 97
    sent = farm.value(
        "SELECT codes_sent FROM accounts_login WHERE account_id ="
        " (SELECT id FROM accounts_account WHERE user_name = ?)",
        account["user_name"],
    )
    assert sent == 1 + 3


def test_resend_without_a_login_is_no_oracle_r44(farm: Farm) -> None:
    browser = farm.browser()
    answers = [
        browser.post("/login/code/again/", user_name=name) for name in (farm.account()["user_name"], "X")
    ]
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(302, "/login/")}


@pytest.mark.parametrize("number", ["+4915112345678", "+48700123456"], ids=["foreign", "premium"])
def test_number_elsewhere_gets_no_message_r44(farm: Farm, number: str) -> None:
    account = farm.account(mobile=number)
    browser = farm.browser()
    assert browser.log_in(account["user_name"]).headers["location"] == "/login/code/"
    page = browser.get("/login/code/")
    assert "+48 22 000 00 00" in page.text
    assert farm.portal.texts(number) == []
    assert audited(farm, account, "login.number_refused") == 1


def test_code_lies_in_no_answer_url_log_or_row_r45(farm: Farm) -> None:
    """Nothing but the outbox's file knows the code; six digits, so that chance does not find them."""
    account = farm.account()
    farm.rows("UPDATE accounts_account SET wrong_codes = 1 WHERE user_name = ?", account["user_name"])
    browser = farm.browser()
    answers = [browser.log_in(account["user_name"]), browser.get("/login/code/")]
    code = farm.code(account)
    assert len(code) == 6
    answers += [browser.post("/login/code/again/"), browser.enter(code)]
    assert answers[-1].headers["location"] == "/examinations/"
    for answer in answers:
        assert code not in answer.text + str(answer.headers) + str(answer.url)
    assert f"#{code}" not in farm.portal.log.read_text("utf-8", "replace")
    rows = farm.rows("SELECT digest FROM accounts_code")
    rows += farm.rows("SELECT sealed FROM notifications_message WHERE kind = 'code'")
    kept = [row[0].encode() if isinstance(row[0], str) else bytes(row[0]) for row in rows]
    assert not [one for one in kept if f"#{code}".encode() in one or one == code.encode()]


def test_0042_is_accepted_r45(farm: Farm) -> None:
    account = farm.account()
    browser, _code = begun(farm, account)
    farm.run("code", account["user_name"], "0042")
    assert browser.enter("42").status_code == 200
    assert browser.enter("0042").headers["location"] == "/examinations/"


def cast(farm: Farm) -> dict[str, str]:
    locked, closed = farm.account(), farm.account()
    farm.run("lock", locked["user_name"])
    farm.run("close", closed["user_name"])
    return {
        "known": farm.account()["user_name"],
        "unknown": readable(8),
        "locked": locked["user_name"],
        "closed": closed["user_name"],
    }


def seen(answer: httpx.Response) -> tuple[int, int, list[str]]:
    """Status, length without token and typed name, names of the headers."""
    page = re.sub(r'name="(csrfmiddlewaretoken|user_name)" value="[^"]*"', "", answer.text)
    return answer.status_code, len(page), sorted(answer.headers)


def test_names_look_the_same_r46(farm: Farm) -> None:
    """Login, reset and the lock text of the sixth try: same status, length and headers for all names."""
    names = cast(farm)
    for answers in (
        {kind: seen(farm.browser().log_in(name, "nie to hasło")) for kind, name in names.items()},
        {
            kind: seen(farm.browser().post("/login/forgotten/", user_name=name))
            for kind, name in names.items()
        },
    ):
        assert all(answer == answers["unknown"] for answer in answers.values()), answers
    for name in names.values():
        pages = [farm.browser(door=number).log_in(name, "nie to hasło").text for number in range(5)]
        assert [LOCKED in page for page in pages] == [False] * 3 + [True] * 2


def test_one_address_locks_at_most_three_r47(farm: Farm) -> None:
    """200 names x 5 from one address; an owner with a device cookie logs in, from that address as well."""
    accounts = farm.accounts(200)
    source = farm.address()
    owner = farm.browser(source=source)
    owner.log_in(accounts[0]["user_name"])
    owner.enter(farm.code(accounts[0]))
    assert owner.is_inside()
    owner.post("/logout/")
    stranger = farm.browser(source=source)
    statuses = [
        stranger.log_in(account["user_name"], "nie to hasło").status_code
        for account in accounts
        for _try in range(5)
    ]
    assert statuses.count(429) >= 980
    names = ",".join(f"'{account['user_name']}'" for account in accounts)
    locked = farm.value(
        f"SELECT count(*) FROM accounts_account WHERE state = 'locked' AND user_name IN ({names})"
    )
    assert locked <= 3
    answer = stranger.log_in(readable(8), "nie to hasło")
    assert int(answer.headers["Retry-After"]) > 0
    assert "+48 22 000 00 00" in answer.text
    assert owner.log_in(accounts[0]["user_name"]).headers["location"] == "/login/code/"
    owner.enter(farm.code(accounts[0], number=2))
    assert owner.is_inside()


def test_forged_forwarded_for_buys_nothing_r39(farm: Farm) -> None:
    """1,000 tries, each with another X-Forwarded-For: ten are let through."""
    browser = farm.browser()
    token = browser.token()

    def one(number: int) -> int:
        return browser.http.post(
            "/login/",
            data={"csrfmiddlewaretoken": token, "user_name": "ABCDEFGH", "password": "x"},
            headers={"X-Forwarded-For": f"10.{number % 250}.{number // 250}.7, 10.0.0.{number % 250}"},
        ).status_code

    statuses = [one(number) for number in range(1000)]
    assert statuses.count(200) <= 20  # a border of five minutes may lie in between
    assert statuses.count(429) == 1000 - statuses.count(200)
