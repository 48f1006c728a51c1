"""Unlocking, staff, machine clients, languages, sweeping."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from klisza.accounts import queries, services
from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.models import Account, Bucket, Code, Login
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound, Refused

from .people import (
    ANYBODY,
    MOBILE,
    PASSWORD,
    SOMEBODY,
    active_account,
    last_code,
    outbox,
    post_login,
    sign_in,
)

pytestmark = pytest.mark.django_db


def test_unlock_notes_the_reason_and_tells_s16(client: Client) -> None:
    account = active_account()
    services.lock(account=account, cause="passwords", by=ANYBODY)
    services.unlock(account=account, reason="dowód osobisty", by=SOMEBODY)
    event = AuditEvent.objects.get(action="account.unlocked")
    assert (event.agent_id, event.reason) == ("desk", "dowód osobisty")
    assert "odblokowane" in outbox("mail")[-1]["text"]
    assert post_login(client, account.user_name, PASSWORD).url == "/login/code/"


def test_unlock_after_wrong_codes_kills_the_password(client: Client) -> None:
    account = active_account()
    services.lock(account=account, cause="codes", by=ANYBODY)
    services.unlock(account=account, reason="dowód", by=SOMEBODY)
    assert post_login(client, account.user_name, PASSWORD).status_code == 200
    assert "Nie pamiętasz swojego hasła?" in outbox("mail")[-1]["text"]


def test_owner_sees_the_contact_with_the_right_password_s17(client: Client) -> None:
    account = active_account()
    services.lock(account=account, cause="staff", by=SOMEBODY)
    page = post_login(client, account.user_name, PASSWORD).content.decode()
    assert "W celu odblokowania konta skontaktuj się z pomocą techniczną:" in page
    assert settings.SUPPORT_EMAIL in page


def test_one_lock_mail_a_day() -> None:
    account = active_account()
    for _time in range(3):
        services.lock(account=account, cause="passwords", by=ANYBODY)
        Account.objects.filter(pk=account.pk).update(state=Account.State.ACTIVE)
    assert len(outbox("mail")) == 1


def test_staff_sign_in_with_code_when_they_have_a_mobile(client: Client) -> None:
    raw = services.create_staff(user_name="Anna", roles=["registration"], mobile=MOBILE, by=SOMEBODY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "LISTENER", "staff")
        assert post_login(client, "ANNA", raw).url == "/login/code/"
        answer = client.post("/login/code/", {"code": last_code()})
    assert answer.url == "/login/enrol/"  # no clause for staff, but a factor of their own (R15)


def test_staff_without_a_mobile_get_no_code(client: Client) -> None:
    raw = services.create_staff(user_name="jan", roles=["admin"], by=SOMEBODY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "LISTENER", "staff")
        assert post_login(client, "jan", raw).url == "/login/enrol/"
    assert outbox("sms") == []


@pytest.mark.parametrize("roles", [[], ["boss"]])
def test_staff_need_a_known_role(roles: list[str]) -> None:
    with pytest.raises(Refused):
        services.create_staff(user_name="jan", roles=roles, by=SOMEBODY)


def test_staff_names_are_taken_once() -> None:
    services.create_staff(user_name="jan", roles=["admin"], by=SOMEBODY)
    with pytest.raises(Refused):
        services.create_staff(user_name="JAN", roles=["admin"], by=SOMEBODY)


def test_client_token_works_until_revoked_r72() -> None:
    token = services.create_client(name="ris", scopes=["dicomweb:read"], issuer="szpital", by=SOMEBODY)
    found = queries.client_for(token)
    assert found is not None
    assert token not in found.digest
    services.revoke_client(name="ris", by=SOMEBODY)
    assert queries.client_for(token) is None
    with pytest.raises(NotFound):
        services.revoke_client(name="ris", by=SOMEBODY)


def test_account_needs_usable_addresses() -> None:
    for email, mobile in (("nic", MOBILE), ("a@b.pl", "+49 1511 2345678")):
        with pytest.raises(ContactNotUsable):
            services.create_account(email=email, mobile=mobile, language="pl", person_name="x", by=SOMEBODY)


def test_language_holds_for_account_session_and_browser(client: Client) -> None:
    account = active_account()
    sign_in(client, account)
    answer = client.post("/language/", {"language": "uk", "next": "/account/contact/"})
    assert answer.url == "/account/contact/"
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "uk"
    account.refresh_from_db()
    assert account.language == "uk"
    assert "Мої контактні дані" in client.get("/account/contact/").content.decode()


def test_contact_page_shows_parts_only(client: Client) -> None:
    account = active_account()
    sign_in(client, account)
    page = client.get("/account/contact/").content.decode()
    assert "e***@example.org" in page
    assert account.email not in page
    assert account.mobile not in page


def test_sweep_removes_what_one_login_needed(client: Client) -> None:
    sign_in(client, active_account())
    with time_machine.travel(clock.now() + timedelta(days=31)):
        services.sweep()
    assert not Login.objects.exists()
    assert not Code.objects.exists()
    assert not Bucket.objects.exists()


def test_new_clause_version_asks_again_s12(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    account = active_account()
    account.acceptances.update(version="2020-01")
    post_login(client, account.user_name, PASSWORD)
    assert client.post("/login/code/", {"code": last_code()}).url == "/login/information/"
