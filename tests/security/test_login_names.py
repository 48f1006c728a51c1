"""Nobody learns from the login which names exist, and nobody locks everybody (R46, R47)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klisza.accounts.models import Account
from klisza.accounts.services import ask_for_reset, lock, passwords
from klisza.accounts.services.reset import answer_requests
from klisza.base.ids import readable
from tests.accounts.people import (
    ANYBODY,
    PASSWORD,
    SOMEBODY,
    active_account,
    outbox,
    post_login,
    staff_account,
)

pytestmark = pytest.mark.django_db
LOCKED = "Konto zostało zablokowane. W celu odblokowania konta skontaktuj się z pomocą techniczną:"


def names() -> dict[str, str]:
    locked, closed = active_account(), active_account(state=Account.State.CLOSED)
    lock(account=locked, cause="staff", by=SOMEBODY)
    return {
        "known": active_account().user_name,
        "unknown": readable(8),
        "locked": locked.user_name,
        "closed": closed.user_name,
        "staff": staff_account().user_name.ljust(8, "x"),
    }


def seen(answer: Any) -> tuple[int, str, list[str]]:
    """Status, page without the token and the name typed, names of the headers."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
    page = re.sub(r'name="user_name" value="[^"]*"', "", page)
    return answer.status_code, page, sorted(answer.headers)


def test_one_wrong_try_looks_the_same_for_all_r46() -> None:
    answers = {
        kind: seen(post_login(Client(), name, "nie to hasło wcale", f"127.0.1.{number}"))
        for number, (kind, name) in enumerate(names().items(), start=1)
    }
    assert all(answer == answers["unknown"] for answer in answers.values())


def test_sixth_try_shows_the_lock_text_for_all_r46() -> None:
    for number, name in enumerate(names().values(), start=1):
        tries = [seen(post_login(Client(), name, "nie to hasło", f"127.0.{number}.{n}")) for n in range(1, 7)]
        assert [LOCKED in page for _status, page, _headers in tries] == [False] * 4 + [True] * 2


def test_staff_do_not_exist_on_the_public_listener_r46() -> None:
    account = staff_account()
    answer = post_login(Client(), account.user_name, PASSWORD)
    assert answer.status_code == 200
    account.refresh_from_db()
    assert account.wrong_passwords == 0


def test_every_try_costs_one_argon2_r46(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(
        passwords.hashers, "check_password", lambda raw, encoded: compared.append(encoded) is not None
    )
    for number, name in enumerate(names().values(), start=1):
        compared.clear()
        post_login(Client(), name, "nie to hasło", f"127.0.1.{number}")
        assert len(compared) == 1


def test_dummy_hash_is_as_dear_as_a_real_one_r46() -> None:
    hasher = identify_hasher(passwords.DUMMY_HASH)
    assert isinstance(hasher, Argon2PasswordHasher)
    assert not hasher.must_update(passwords.DUMMY_HASH)


def test_statements_are_as_many_for_unknown_names_r46() -> None:
    counts = []
    for number, name in enumerate((active_account().user_name, readable(8)), start=1):
        with CaptureQueriesContext(connection) as queries:
            post_login(Client(), name, "nie to hasło", f"127.0.1.{number}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_forgotten_password_answers_the_same_r46(client: Client) -> None:
    known = client.post("/login/forgotten/", {"user_name": active_account().user_name})
    unknown = client.post("/login/forgotten/", {"user_name": readable(8)})
    assert seen(known) == seen(unknown)
    assert outbox() == []  # the worker looks the name up, not the page


def test_one_source_locks_few_accounts_r47() -> None:
    accounts = [active_account() for _account in range(20)]
    statuses = [
        post_login(Client(), one.user_name, "nie to hasło").status_code
        for one in accounts
        for _try in range(5)
    ]
    assert Account.objects.filter(state=Account.State.LOCKED).count() <= 3
    assert statuses.count(429) > 80


def test_source_is_answered_before_the_account_counter_r47() -> None:
    for _try in range(5):
        post_login(Client(), readable(8), "nie to hasło")
    account = active_account()
    answer = post_login(Client(), account.user_name, "nie to hasło")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    account.refresh_from_db()
    assert account.wrong_passwords == 0


def test_right_passwords_do_not_fill_the_bucket_r47() -> None:
    account = active_account()
    for _try in range(15):
        assert post_login(Client(), account.user_name, PASSWORD).status_code == 302


def test_forwarded_for_of_strangers_is_ignored_r39(client: Client) -> None:
    statuses = [
        client.post(
            "/login/",
            {"user_name": readable(8), "password": "x"},
            REMOTE_ADDR="127.0.1.1",
            HTTP_X_FORWARDED_FOR=f"10.0.0.{n}",
        ).status_code
        for n in range(8)
    ]
    assert statuses[-1] == 429


def test_addresses_of_one_ipv6_network_count_together_r39(client: Client) -> None:
    statuses = [post_login(client, readable(8), "x", f"2001:db8:1:2::{n:x}").status_code for n in range(8)]
    assert statuses[-1] == 429


def test_reset_for_shared_address_opens_one_account_r12() -> None:
    first, second = active_account(), active_account()
    ask_for_reset(user_name=first.user_name, source="127.0.1.1", by=ANYBODY)
    answer_requests()
    assert len(outbox("mail")) == 1
    assert second.user_name not in outbox("mail")[0]["text"]
