"""The first login, from the mail to the list (manual, M2.1-M2.6)."""

from __future__ import annotations

import pytest
from django.test import Client

from klisza.accounts import clausetext
from klisza.accounts.models import Account, ClauseAcceptance
from klisza.accounts.services import create_account

from .people import MOBILE, PASSWORD, SOMEBODY, last_code, outbox, post_login, temporary_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return create_account(
        email="ewa@example.org",
        mobile=MOBILE,
        language="pl",
        person_name="Ewa Kowalska",
        by=SOMEBODY,
        words=["1980"],
    )


def test_mail_brings_name_and_password_m2_1(account: Account) -> None:
    mail = outbox("mail")[-1]
    assert account.user_name in mail["text"]
    assert temporary_password() in mail["text"]
    assert "Kowalska" not in mail["text"] + mail["subject"]


def test_way_from_mail_to_list_m2(client: Client, account: Account) -> None:
    at_code = post_login(client, account.user_name, temporary_password())
    assert at_code.url == "/login/code/"
    page = client.get("/login/code/").content.decode()
    assert "<strong>200</strong>" in page
    assert "Kod nie przyszedł" in page

    at_clause = client.post("/login/code/", {"code": last_code()})
    assert at_clause.url == "/login/information/"
    assert "Akceptuję" in client.get("/login/information/").content.decode()

    at_password = client.post("/login/information/", {"version": clausetext.current_version()})
    assert at_password.url == "/login/password/"
    at_list = client.post("/login/password/", {"new_password": PASSWORD, "new_password_again": PASSWORD})

    assert at_list.url == "/examinations/"
    account.refresh_from_db()
    assert account.state == Account.State.ACTIVE
    assert ClauseAcceptance.objects.get(account=account).sha256 == clausetext.current("pl").sha256
    assert client.get("/account/contact/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/login/information/", "/login/password/", "/account/password/", "/account/contact/", "/"]
)
def test_no_step_is_skipped_by_address_t36(client: Client, account: Account, path: str) -> None:
    post_login(client, account.user_name, temporary_password())
    answer = client.get(path)
    if path != "/":
        assert answer.status_code == 302
        assert answer.url.startswith("/login/")
    assert "Zmień hasło" not in answer.content.decode()


def test_posting_a_later_step_changes_nothing(client: Client, account: Account) -> None:
    post_login(client, account.user_name, temporary_password())
    client.post("/login/password/", {"new_password": PASSWORD, "new_password_again": PASSWORD})
    client.post("/login/information/", {"version": clausetext.current_version()})
    account.refresh_from_db()
    assert account.password_is_temporary
    assert not account.acceptances.exists()


def test_not_now_keeps_the_account_m2_4(client: Client, account: Account) -> None:
    post_login(client, account.user_name, temporary_password())
    client.post("/login/code/", {"code": last_code()})
    answer = client.post("/login/information/", {"later": "1"})
    assert "rejestracji" in answer.content.decode()
    assert client.get("/login/information/").url == "/login/"
    account.refresh_from_db()
    assert account.state == Account.State.NEW


def test_code_page_survives_the_message_app_m2_3(client: Client, account: Account) -> None:
    post_login(client, account.user_name, temporary_password())
    first, second = client.get("/login/code/"), client.get("/login/code/")
    assert first.status_code == second.status_code == 200
    assert len(outbox("sms")) == 1
    assert 'autocomplete="one-time-code"' in second.content.decode()
    assert 'inputmode="numeric"' in second.content.decode()


def test_session_holds_no_code_r45(client: Client, account: Account) -> None:
    answer = post_login(client, account.user_name, temporary_password())
    page = client.get("/login/code/").content.decode().replace("csrfmiddlewaretoken", "")
    held = str(dict(client.session.items()))
    assert last_code() not in held
    assert f">{last_code()}<" not in page
    assert last_code() not in answer.url
