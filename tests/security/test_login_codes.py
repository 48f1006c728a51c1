"""Codes: how often may one guess? (R40, R43, R44, R45)"""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from klisza.accounts import queries, services
from klisza.accounts.errors import AccountLocked, CodeDead, WrongCode
from klisza.accounts.models import Account, Code, Login
from klisza.accounts.services import codes
from klisza.base import clock
from klisza.base.errors import TooMany
from klisza.notifications.models import Message
from tests.accounts.people import (
    ANYBODY,
    PASSWORD,
    active_account,
    last_code,
    outbox,
    post_login,
    sign_in,
    wrong_code,
)

pytestmark = pytest.mark.django_db
SOURCE = "127.0.1.1"


def started(account: Account) -> Login:
    login, _key = services.begin(account=account, by=ANYBODY)
    services.send_first_code(login=login, source=SOURCE, by=ANYBODY)
    login.refresh_from_db()
    return login


def enter(login: Login, code: str) -> None:
    services.enter_code(login=login, typed=code, by=ANYBODY)


def test_three_wrong_tries_kill_the_code_r40() -> None:
    login = started(active_account())
    for expected in (WrongCode, WrongCode, CodeDead):
        with pytest.raises(expected):
            enter(login, wrong_code())
    with pytest.raises(CodeDead):
        enter(login, last_code())
    assert Code.objects.get(login=login).tries == 3


def test_five_wrong_over_all_codes_lock_and_mail_r40() -> None:
    account = active_account()
    login = started(account)
    for _try in range(3):
        with pytest.raises((WrongCode, CodeDead)):
            enter(login, wrong_code())
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        services.send_code(login=login, source=SOURCE, by=ANYBODY)
        with pytest.raises(WrongCode):
            enter(login, wrong_code())
        with pytest.raises(AccountLocked):
            enter(login, wrong_code())
    account.refresh_from_db()
    assert (account.state, account.lock_cause) == (Account.State.LOCKED, "codes")
    assert outbox("mail")[-1]["subject"] == "Ktoś zna Twoje hasło"


def test_wrong_codes_of_two_logins_add_up_r40() -> None:
    account = active_account()
    for _login in range(2):
        login = started(account)
        for _try in range(2):
            with pytest.raises(WrongCode):
                enter(login, wrong_code())
    with pytest.raises(AccountLocked):
        enter(started(account), wrong_code())


def test_code_of_another_login_is_refused_and_counted_r43() -> None:
    account = active_account()
    first = started(account)
    code_of_first = last_code()
    second = started(account)
    if code_of_first == last_code():  # one in 10,000
        pytest.skip("both codes are equal")
    with pytest.raises(WrongCode):
        enter(second, code_of_first)
    account.refresh_from_db()
    assert account.wrong_codes == 1
    enter(first, code_of_first)


def test_only_the_newest_code_counts_r43() -> None:
    login = started(active_account())
    old = last_code()
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        services.send_code(login=login, source=SOURCE, by=ANYBODY)
        if old != last_code():
            with pytest.raises(WrongCode):
                enter(login, old)
        enter(login, last_code())


def test_code_is_used_once_r43() -> None:
    login = started(active_account())
    enter(login, last_code())
    with pytest.raises(CodeDead):
        enter(login, last_code())


def test_code_dies_after_five_minutes_l17() -> None:
    login = started(active_account())
    code, made = last_code(), Code.objects.get(login=login).created_at
    with time_machine.travel(made + timedelta(minutes=5, seconds=1), tick=False), pytest.raises(CodeDead):
        enter(login, code)
    with time_machine.travel(made + timedelta(minutes=4, seconds=59), tick=False):
        enter(login, code)


def test_password_change_ends_logins_under_way_r43(client: Client) -> None:
    account = active_account()
    post_login(client, account.user_name, PASSWORD)
    services.change_password(account=account, old=PASSWORD, new="zupełnie inne słowa", by=ANYBODY)
    assert client.post("/login/code/", {"code": last_code()}).url == "/login/"


def test_resend_waits_longer_each_time_r44() -> None:
    login = started(active_account())
    for wait in (30, 60, 120):
        newest = Code.objects.get(login=login, superseded=False)
        assert login.next_code_at == newest.created_at + timedelta(seconds=wait)
        with time_machine.travel(login.next_code_at - timedelta(seconds=1)), pytest.raises(TooMany):
            services.send_code(login=login, source=SOURCE, by=ANYBODY)
        with time_machine.travel(login.next_code_at):
            services.send_code(login=login, source=SOURCE, by=ANYBODY)
        login.refresh_from_db()
    assert login.next_code_at is None
    assert len(outbox("sms")) == 4


def test_hundred_resends_send_few_messages_r44(client: Client) -> None:
    account = active_account()
    post_login(client, account.user_name, PASSWORD)
    for _click in range(100):
        client.post("/login/code/again/")
    assert len(outbox("sms")) == 1


def test_resend_needs_a_login_under_way_r44(client: Client) -> None:
    active_account()
    assert client.post("/login/code/again/").url == "/login/"
    assert outbox("sms") == []


def test_five_codes_an_hour_for_one_account_r44() -> None:
    account = active_account()
    for _login in range(7):
        started(account)
    assert len(outbox("sms")) == 5


def test_one_source_has_a_budget_r44() -> None:
    sent = 0
    for _account in range(25):
        login, _key = services.begin(account=active_account(), by=ANYBODY)
        try:
            services.send_code(login=login, source=SOURCE, by=ANYBODY)
        except TooMany:
            continue
        sent += 1
    assert sent == 20


def test_foreign_number_gets_no_message_r44() -> None:
    login, _key = services.begin(account=active_account(mobile="+4915112345678"), by=ANYBODY)
    with pytest.raises(TooMany):
        services.send_code(login=login, source=SOURCE, by=ANYBODY)
    assert outbox("sms") == []


def test_codes_are_even_and_keep_zeros_r45() -> None:
    made = [codes.new_code(4) for _code in range(20_000)]
    assert all(len(code) == 4 and code.isdigit() for code in made)
    counts = [sum(1 for code in made if code[0] == str(digit)) for digit in range(10)]
    chi_square = sum((count - 2000) ** 2 / 2000 for count in counts)
    assert chi_square < 27.88  # p > 0.001 at 9 degrees of freedom


def test_leading_zeros_are_accepted_r45(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "new_code", lambda digits: "0042")
    login = started(active_account())
    enter(login, " 00 42 ")
    assert queries.next_step(Login.objects.get(pk=login.pk)) == queries.DONE


def test_code_lies_nowhere_in_clear_r45() -> None:
    login = started(active_account())
    row = Code.objects.get(login=login)
    message = Message.objects.get(kind="code")
    assert last_code() not in row.digest
    assert last_code().encode() not in bytes(message.sealed)
    assert message.secret
    assert message.expires_at is not None
    assert (message.expires_at - message.created_at) <= timedelta(seconds=61)


def test_message_says_never_tell_and_fills_itself_in() -> None:
    started(active_account())
    text = outbox("sms")[-1]["text"]
    assert text.startswith("Portal Pacjenta: ")
    assert "Nikomu go nie podawaj" in text
    assert text.splitlines()[-1] == f"@127.0.0.1 #{last_code()}"


def test_full_login_sets_the_counter_back(client: Client) -> None:
    account = active_account()
    post_login(client, account.user_name, "nie to hasło wcale")
    sign_in(client, account)
    account.refresh_from_db()
    assert (account.wrong_passwords, account.wrong_codes) == (0, 0)
