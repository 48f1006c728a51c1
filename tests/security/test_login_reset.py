"""The way of a forgotten password (R48; manual, M8.2-M8.6)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from klisza.accounts.models import Account, Login, Reset
from klisza.accounts.services import answer_requests, create_account, lock
from klisza.base import clock
from tests.accounts.people import (
    MOBILE,
    SOMEBODY,
    active_account,
    last_code,
    outbox,
    post_login,
    sign_in,
    temporary_password,
)

pytestmark = pytest.mark.django_db
FRESH = "zielony parasol na strychu"


def ask(client: Client, account: Account, **headers: str) -> None:
    client.post("/login/forgotten/", {"user_name": account.user_name}, **headers)
    answer_requests()


def link() -> str:
    found = re.search(r"https?://[^/\s]+(/login/reset/\S+/)", outbox("mail")[-1]["text"])
    assert found
    return found.group(1)


def to_password(client: Client, address: str) -> None:
    client.get(address, follow=True)
    client.post("/login/reset/")
    client.post("/login/code/", {"code": last_code()})


def set_password(client: Client) -> str:
    answer = client.post("/login/reset/", {"new_password": FRESH, "new_password_again": FRESH})
    return getattr(answer, "url", "")


@pytest.fixture
def account() -> Account:
    return active_account()


def test_way_from_link_to_list_m8_2(client: Client, account: Account) -> None:
    ask(client, account)
    to_password(client, link())
    assert set_password(client) == "/examinations/"
    assert len(outbox("sms")) == 1  # one code in the whole way
    account.refresh_from_db()
    assert account.check_password(FRESH)
    assert outbox("mail")[-1]["kind"] == "password"


def test_link_is_of_the_setting_not_of_the_host_r48(client: Client, account: Account) -> None:
    assert (
        client.post(
            "/login/forgotten/", {"user_name": account.user_name}, HTTP_HOST="evil.example"
        ).status_code
        == 400
    )
    ask(client, account, HTTP_X_FORWARDED_HOST="evil.example")
    assert f"{settings.PUBLIC_URL}/login/reset/" in outbox("mail")[-1]["text"]


def test_get_changes_nothing_r48(client: Client, account: Account) -> None:
    ask(client, account)
    for _scanner in range(2):
        Client().get(link(), follow=True)
    assert Reset.objects.get(account=account).used_at is None
    assert not Login.objects.exists()
    assert outbox("sms") == []
    to_password(client, link())
    assert set_password(client) == "/examinations/"


def test_token_leaves_the_address_and_the_session_r48(client: Client, account: Account) -> None:
    ask(client, account)
    token = link().split("/")[-2]
    answer = client.get(link())
    assert answer.url == "/login/reset/"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert token not in str(dict(client.session.items()))
    assert token not in Reset.objects.get(account=account).digest


def test_link_works_once_r48(client: Client, account: Account) -> None:
    ask(client, account)
    address = link()
    to_password(client, address)
    set_password(client)
    again = Client().get(address, follow=True)
    assert again.status_code == 404
    assert "już nie działa" in again.content.decode()


def test_two_browsers_on_one_link_set_one_password_r48(client: Client, account: Account) -> None:
    ask(client, account)
    address, other = link(), Client()
    to_password(client, address)
    to_password(other, address)
    assert set_password(client) == "/examinations/"
    assert set_password(other) != "/examinations/"


def test_only_the_newest_link_works_r48(client: Client, account: Account) -> None:
    ask(client, account)
    old = link()
    ask(client, account)
    assert client.get(old, follow=True).status_code == 404
    assert client.get(link(), follow=True).status_code == 200


def test_link_dies_after_thirty_minutes_r48(client: Client, account: Account) -> None:
    ask(client, account)
    with time_machine.travel(clock.now() + timedelta(minutes=30, seconds=1), tick=False):
        assert client.get(link(), follow=True).status_code == 404


def test_other_sessions_end_with_the_reset_r49(client: Client, account: Account) -> None:
    signed_in = Client()
    sign_in(signed_in, account)
    ask(client, account)
    to_password(client, link())
    set_password(client)
    assert signed_in.get("/account/contact/").status_code == 302


def test_locked_account_gets_no_link_m8_6(client: Client, account: Account) -> None:
    lock(account=account, cause="passwords", by=SOMEBODY)
    ask(client, account)
    text = outbox("mail")[-1]["text"]
    assert "/login/reset/" not in text
    assert "zablokowane" in text
    assert settings.SUPPORT_PHONE in text


def test_never_activated_gets_a_temporary_password_m8_5(client: Client) -> None:
    account = create_account(
        email="ewa@example.org", mobile=MOBILE, language="pl", person_name="Ewa", by=SOMEBODY
    )
    first = temporary_password()
    ask(client, account)
    assert temporary_password() != first
    assert str(post_login(client, account.user_name, first).status_code) == "200"
    assert post_login(client, account.user_name, temporary_password()).url == "/login/code/"


def test_expired_temporary_password_says_what_to_do(client: Client) -> None:
    account = create_account(
        email="ewa@example.org", mobile=MOBILE, language="pl", person_name="Ewa", by=SOMEBODY
    )
    with time_machine.travel(clock.now() + timedelta(days=7, seconds=1)):
        page = post_login(client, account.user_name, temporary_password()).content.decode()
    assert "straciło ważność" in page
    assert outbox("sms") == []


def test_three_links_an_hour_for_one_account(client: Client, account: Account) -> None:
    for _time in range(5):
        ask(client, account)
    assert len(outbox("mail")) == 3


def test_forgotten_name_tells_all_of_the_address_m8_4(client: Client, account: Account) -> None:
    second = active_account()
    client.post("/login/forgotten-name/", {"email": "EWA@example.org"})
    answer_requests()
    text = outbox("mail")[-1]["text"]
    assert account.user_name in text
    assert second.user_name in text
    assert len(outbox("mail")) == 1


def test_reset_does_not_exist_for_staff(client: Client, settings: object) -> None:
    settings.LISTENER = "staff"  # type: ignore[attr-defined]
    assert client.get("/login/forgotten/").status_code == 404
