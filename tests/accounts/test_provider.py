"""Sign-in of staff by the hospital's provider, in the regular way; attacks are in tests/security/test_oidc.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts import queries
from klisza.accounts.models import Account, Handover, Identity, Session
from klisza.accounts.services.oidc import provider as published
from klisza.audit.models import AuditEvent
from klisza.operations import checks

from . import idp
from .factors import with_app
from .people import PASSWORD, post_login, staff_account

pytestmark = pytest.mark.django_db
OLA = {
    "sub": "ola-1",
    "name": "Ola Lis",
    "email": "ola@szpital.example",
    "groups": ["desk", "other"],
    "amr": ["mfa"],
}


@pytest.fixture
def directory(settings: SettingsWrapper) -> Iterator[idp.Provider]:
    with idp.running() as provider:
        provider.people["ola"] = dict(OLA)
        settings.LISTENER, settings.ROOT_URLCONF = "staff", "klisza.config.urls_staff"
        settings.STAFF_URL = "http://testserver"
        settings.STAFF_OIDC_ISSUER, settings.STAFF_OIDC_CLIENT_ID = provider.issuer, idp.CLIENT
        settings.STAFF_OIDC_CLIENT_SECRET = idp.SECRET
        settings.STAFF_OIDC_ROLES = (("desk", "registration"), ("rtg", "radiology"))
        settings.STAFF_OIDC_ACR = ("mfa",)
        published.forget()
        yield provider


def go(client: Client, provider: idp.Provider, who: str = "ola", *, query: str = "") -> Any:
    """To the provider and back; the answer of the page the provider hands the browser back to."""
    away = client.get(f"/login/provider/{query}")
    assert away.status_code == 302, away.content
    assert away.url.startswith(f"{provider.issuer}/authorize?"), away.url
    return client.get(back_to(provider.decide(who, idp.query_of(away.url))))


def back_to(address: str) -> str:
    parts = urlsplit(address)
    assert parts.path == "/login/provider/back/"
    return f"{parts.path}?{parts.query}"


def said(client: Client) -> str:
    return client.get("/login/").content.decode()


def test_first_sign_in_makes_the_account(client: Client, directory: idp.Provider) -> None:
    assert go(client, directory).url == "/staff/"
    account = Account.objects.get(identity__issuer=directory.issuer, identity__subject="ola-1")
    assert account.kind == Account.Kind.STAFF
    assert (account.display_name, account.email) == ("Ola Lis", "ola@szpital.example")
    assert set(account.roles.values_list("role", flat=True)) == {"registration"}
    assert not account.has_usable_password()
    assert client.get("/staff/").status_code == 200
    found = AuditEvent.objects.filter(agent_id=str(account.pk)).values_list("action", flat=True)
    assert "login.ok" in found
    assert AuditEvent.objects.filter(action="login.provider_ok").exists()


def test_request_carries_what_binds_it(
    client: Client, directory: idp.Provider, settings: SettingsWrapper
) -> None:
    asked = idp.query_of(client.get("/login/provider/").url)
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://testserver/login/provider/back/"
    assert asked["acr_values"] == "mfa"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43
    assert "prompt" not in asked
    row = Handover.objects.get()
    assert asked["state"] not in str(vars(row))
    assert asked["nonce"].encode() not in bytes(row.sealed)


def test_second_sign_in_finds_the_account(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    client.post("/logout/")
    directory.people["ola"]["email"] = "o.lis@szpital.example"
    assert go(client, directory).url == "/staff/"
    assert Account.objects.get(kind="staff").email == "o.lis@szpital.example"


def test_same_email_is_not_the_same_person(client: Client, directory: idp.Provider) -> None:
    local = staff_account(user_name="ola", email="ola@szpital.example")
    go(client, directory)
    assert Identity.objects.get().account_id != local.pk
    directory.people["eve"] = {**OLA, "sub": "eve-1"}
    other = Client()
    go(other, directory, "eve")
    assert Identity.objects.count() == 2


def test_deep_link_survives_s43(client: Client, directory: idp.Provider) -> None:
    assert go(client, directory, query="?next=/staff/tasks/").url == "/staff/tasks/"


def test_link_elsewhere_is_dropped(client: Client, directory: idp.Provider) -> None:
    assert go(client, directory, query="?next=https://evil.example/").url == "/staff/"


def test_without_proof_of_mfa_a_factor_is_added(client: Client, directory: idp.Provider) -> None:
    """R15: the local second factor stays, unless the provider proves one."""
    directory.people["ola"].pop("amr")
    assert go(client, directory).url == "/login/enrol/"
    assert client.get("/staff/").status_code == 302


def test_later_without_proof_the_factor_is_asked(client: Client, directory: idp.Provider) -> None:
    directory.people["ola"]["amr"] = ["pwd"]
    go(client, directory)
    with_app(Account.objects.get(kind="staff"))
    assert go(client, directory).url == "/login/factor/"


def test_acr_proves_it_as_well(client: Client, directory: idp.Provider) -> None:
    directory.people["ola"] |= {"amr": ["pwd"], "acr": "mfa"}
    assert go(client, directory).url == "/staff/"


def test_roles_follow_and_other_sessions_end(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    directory.people["ola"]["groups"] = ["rtg"]
    elsewhere = Client()
    assert go(elsewhere, directory).url == "/staff/"
    assert set(Account.objects.get(kind="staff").roles.values_list("role", flat=True)) == {"radiology"}
    assert client.get("/staff/").status_code == 302
    assert elsewhere.get("/staff/").status_code == 200


def test_same_roles_end_no_session(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    go(Client(), directory)
    assert client.get("/staff/").status_code == 200


def test_without_a_group_nobody_comes_in(client: Client, directory: idp.Provider) -> None:
    directory.people["ola"]["groups"] = ["other"]
    assert go(client, directory).url == "/login/"
    assert "grup" in said(client)
    assert not Account.objects.filter(kind="staff").exists()
    assert AuditEvent.objects.filter(action="login.provider_refused", reason="no role").exists()


def test_a_group_taken_away_ends_everything(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    directory.people["ola"]["groups"] = []
    elsewhere = Client()
    assert go(elsewhere, directory).url == "/login/"
    assert not Account.objects.get(kind="staff").roles.exists()
    assert client.get("/staff/").status_code == 302
    assert elsewhere.get("/staff/").status_code == 302


@pytest.mark.parametrize("groups", [None, 7, {"desk": True}, [["desk"]], "other"])
def test_strange_groups_are_no_role(client: Client, directory: idp.Provider, groups: object) -> None:
    directory.people["ola"]["groups"] = groups
    assert go(client, directory).url == "/login/"


def test_closing_here_wins(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    account = Account.objects.get(kind="staff")
    call_command("staff", "close", account.user_name, "--reason", "odejście")
    assert client.get("/staff/").status_code == 302
    assert go(Client(), directory).url == "/login/"
    assert go(client, directory).url == "/login/"
    assert "rejestracj" in said(client)


def test_strangers_cannot_lock_it_out(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    account = Account.objects.get(kind="staff")
    for number in range(6):
        post_login(Client(), account.user_name, "wrong password", source=f"127.0.2.{number}")
    account.refresh_from_db()
    assert account.state == Account.State.LOCKED
    assert go(Client(), directory).url == "/staff/"


def test_lock_by_staff_stays(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    Account.objects.filter(kind="staff").update(state="locked", lock_cause="staff")
    assert go(Client(), directory).url == "/login/"


def test_neither_passkey_nor_reset_goes_round_the_provider(client: Client, directory: idp.Provider) -> None:
    """Who has left the directory has left the portal."""
    go(client, directory)
    account = Account.objects.get(kind="staff")
    assert not queries.signs_in_here(account)
    call_command("staff", "reset", account.user_name, "--reason", "klucz zgubiony")
    account.refresh_from_db()
    assert not account.has_usable_password()
    assert account.state == Account.State.ACTIVE


def test_page_for_passwords_says_there_is_none(client: Client, directory: idp.Provider) -> None:
    go(client, directory)
    page = client.get("/account/password/").content.decode()
    assert "id_old_password" not in page
    client.post("/account/password/", {"old_password": "x", "new_password": "y", "new_password_again": "y"})
    assert Account.objects.get(kind="staff").wrong_passwords == 0


class TestWithoutLocalLogin:
    @pytest.fixture(autouse=True)
    def _off(self, directory: idp.Provider, settings: SettingsWrapper) -> None:
        settings.STAFF_LOCAL_LOGIN = False

    def test_page_has_one_way_in(self, client: Client) -> None:
        page = client.get("/login/").content.decode()
        assert "Zaloguj kontem szpitala" in page
        assert "id_password" not in page
        assert "id_password" in client.get("/login/?emergency=1").content.decode()

    def test_right_password_is_not_enough(self, client: Client) -> None:
        account = staff_account()
        answer = post_login(client, account.user_name, PASSWORD)
        assert answer.status_code == 200
        assert "kont" in answer.content.decode()
        assert client.get("/login/enrol/").status_code == 302
        assert not Session.objects.exclude(account=None).exists()

    def test_wrong_password_learns_nothing(self, client: Client) -> None:
        account = staff_account()
        assert (
            "Nazwa użytkownika lub hasło" in post_login(client, account.user_name, "wrong").content.decode()
        )

    def test_emergency_account_comes_in(self, client: Client) -> None:
        account = staff_account(is_emergency=True)
        assert post_login(client, account.user_name, PASSWORD).url == "/login/enrol/"
        assert AuditEvent.objects.filter(action="login.emergency").exists()


def test_doctor_asks_the_provider(directory: idp.Provider) -> None:
    assert checks.all_checks()["oidc"]() == "1 provider(s) answer"
    published.forget()
    directory.fault["/keys"] = "500"
    with pytest.raises(checks.Fault, match=r"127\.0\.0\.1: status 500"):
        checks.all_checks()["oidc"]()


def test_command_marks_emergency_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("staff", "create", "ratunek", "--role", "admin", "--emergency")
    assert Account.objects.get(user_name="ratunek").is_emergency
    call_command("staff", "list")
    assert "ratunek\tratunek\tadmin\tnew\temergency" in capsys.readouterr().out


def test_patients_listener_has_no_such_address(
    client: Client, directory: idp.Provider, settings: SettingsWrapper
) -> None:
    settings.LISTENER, settings.ROOT_URLCONF = "public", "klisza.config.urls"
    assert client.get("/login/provider/").status_code == 404
    assert client.get("/login/provider/back/").status_code == 404
    assert "provider" not in client.get("/login/").content.decode()


def test_not_set_up_there_is_no_button(client: Client, settings: SettingsWrapper) -> None:
    settings.LISTENER, settings.ROOT_URLCONF = "staff", "klisza.config.urls_staff"
    assert client.get("/login/provider/").status_code == 404
    assert "/login/provider/" not in client.get("/login/").content.decode()


def test_other_address_of_the_pages_leads_to_the_right_one(client: Client, directory: idp.Provider) -> None:
    """The way back is fixed, so the cookie must be there."""
    answer = client.get("/login/provider/?next=/staff/", HTTP_HOST="127.0.0.1")
    assert answer.url == "http://testserver/login/provider/?next=%2Fstaff%2F&hop=1"
    again = client.get("/login/provider/?next=/staff/&hop=1", HTTP_HOST="127.0.0.1")
    assert again.url.startswith(directory.issuer)  # no endless chain behind a proxy that names itself


def test_old_proof_is_no_fresh_factor(client: Client, directory: idp.Provider) -> None:
    """T-102: the provider asked some hours ago."""
    directory.people["ola"]["auth_time"] = 1_700_000_000
    go(client, directory)
    assert "/account/confirm/" in client.get("/account/security/add/").url
    directory.people["ola"].pop("auth_time")
    again = go(client, directory, query="?again=1&next=/account/security/add/")
    assert again.url == "/account/security/add/"
    assert client.get("/account/security/add/").status_code == 200
