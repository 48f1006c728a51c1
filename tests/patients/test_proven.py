"""Patients whose identity a broker proves: whose account it opens, and whose it does not."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts import clausetext
from klisza.accounts.models import Account, Login, Session
from klisza.accounts.services.oidc import provider as published
from klisza.audit.models import AuditEvent
from klisza.notifications.models import Message
from klisza.patients import pesel
from klisza.patients.models import Patient, PatientIdentifier
from klisza.patients.queries.identifiers import UNPROVEN
from klisza.patients.services import merge
from klisza.standards.hl7v2.facts import Identifier
from tests.accounts import idp
from tests.accounts.people import PASSWORD, active_account, outbox, post_login, temporary_password

from .people import RIS, adt, patient, reachable, tasks

pytestmark = pytest.mark.django_db
BORN = date(1980, 3, 7)
HIGH = "loa-high"


def number(born: date = BORN, serial: int = 1234) -> str:
    """A right PESEL of that day."""
    month = born.month + {1900: 0, 2000: 20}[born.year // 100 * 100]
    head = f"{born.year % 100:02d}{month:02d}{born.day:02d}{serial:04d}"
    total = sum(weight * int(digit) for weight, digit in zip(pesel.WEIGHTS, head, strict=True))
    return f"{head}{(10 - total % 10) % 10}"


PESEL = number()


@pytest.fixture
def broker(settings: SettingsWrapper) -> Iterator[idp.Provider]:
    with idp.running() as provider:
        provider.people["ewa"] = {"sub": "x-1", "pesel": PESEL, "acr": HIGH}
        settings.PUBLIC_URL = "http://testserver"
        settings.PATIENT_OIDC_ISSUER, settings.PATIENT_OIDC_CLIENT_ID = provider.issuer, idp.CLIENT
        settings.PATIENT_OIDC_CLIENT_SECRET, settings.PATIENT_OIDC_ACR = idp.SECRET, (HIGH,)
        settings.PATIENT_OIDC_LABEL = "Węzeł Testowy"
        settings.ACCOUNT_POLICY = "with-first-visible-examination"
        published.forget()
        yield provider


def go(client: Client, provider: idp.Provider, *, query: str = "") -> Any:
    """To the broker and back, one redirect further: what comes next."""
    away = client.get(f"/login/identity/{query}")
    assert away.url.startswith(f"{provider.issuer}/authorize?"), away.url
    parts = urlsplit(provider.decide("ewa", idp.query_of(away.url)))
    answer = client.get(f"{parts.path}?{parts.query}")
    assert "code=" not in answer.url
    return client.get("/login/on/") if answer.url == "/login/on/" else answer


def refused(client: Client, provider: idp.Provider) -> str:
    assert go(client, provider).url == "/login/identity/refused/"
    assert not Session.objects.exclude(account=None).exists()
    assert not Login.objects.exists()
    return str(client.get("/login/identity/refused/").content.decode())


def ewa(**fields: Any) -> Patient:
    return reachable(identifiers=[("szpital", "1001"), (pesel.ISSUER, PESEL)], **fields)


class TestTheFirstLogin:
    def test_proven_identity_stands_for_name_password_and_code(
        self, client: Client, broker: idp.Provider
    ) -> None:
        person = ewa()
        assert person.account is None  # the policy waits for an examination
        assert go(client, broker).url == "/login/information/"
        person.refresh_from_db()
        account = person.account
        assert account is not None
        assert account.state == Account.State.NEW
        assert not outbox("sms")
        at_password = client.post("/login/information/", {"version": clausetext.current_version()})
        assert at_password.url == "/login/password/"
        done = client.post("/login/password/", {"new_password": PASSWORD, "new_password_again": PASSWORD})
        assert done.url == "/examinations/"
        account.refresh_from_db()
        assert account.state == Account.State.ACTIVE
        assert client.get("/account/access-log/").status_code == 200
        assert AuditEvent.objects.filter(action="login.provider_ok").exists()

    def test_it_goes_without_a_password_as_well(self, client: Client, broker: idp.Provider) -> None:
        person = ewa()
        go(client, broker)
        temporary = temporary_password()
        client.post("/login/information/", {"version": clausetext.current_version()})
        assert "Bez hasła" in client.get("/login/password/").content.decode()
        assert client.post("/login/password/none/").url == "/examinations/"
        account = Account.objects.get(patient=person)
        assert account.state == Account.State.ACTIVE
        assert not account.has_usable_password()
        stranger = Client()  # who reads her mail
        assert post_login(stranger, account.user_name, temporary).status_code == 200
        assert "id_old_password" not in client.get("/account/password/").content.decode()
        client.post("/logout/")
        assert go(client, broker).url == "/examinations/"

    def test_whoever_came_by_password_must_set_one(self, client: Client, broker: idp.Provider) -> None:
        account = active_account(password_is_temporary=True)
        login = Login.objects.create(account=account, session_digest="x", started_at=account.created_at)
        assert login.passed_by == ""
        assert client.post("/login/password/none/").status_code == 302
        account.refresh_from_db()
        assert account.password_is_temporary

    def test_deep_link_survives_the_whole_way_s43(self, client: Client, broker: idp.Provider) -> None:
        ewa()
        go(client, broker, query="?next=/documents/")
        client.post("/login/information/", {"version": clausetext.current_version()})
        assert client.post("/login/password/none/").url == "/documents/"

    def test_clause_is_asked_of_everybody(self, client: Client, broker: idp.Provider) -> None:
        ewa()
        go(client, broker)
        assert client.get("/examinations/").status_code == 302
        assert client.post("/login/password/none/").url == "/login/information/"

    def test_broker_is_asked_for_the_level_and_the_person(self, client: Client, broker: idp.Provider) -> None:
        """A broker that remembers somebody on a shared computer asks again."""
        asked = idp.query_of(client.get("/login/identity/").url)
        assert (asked["acr_values"], asked["prompt"]) == (HIGH, "login")
        assert asked["redirect_uri"] == "http://testserver/login/identity/back/"


class TestWhoseItIs:
    def test_later_logins(self, client: Client, broker: idp.Provider) -> None:
        person = ewa()
        Patient.objects.filter(pk=person.pk).update(account=active_account())
        assert go(client, broker).url == "/examinations/"
        assert not outbox("sms")

    def test_merged_record_leads_to_the_survivor(self, client: Client, broker: idp.Provider) -> None:
        old, survivor = ewa(), reachable("2002")
        account = active_account()
        Patient.objects.filter(pk=survivor.pk).update(account=account)
        survivor.refresh_from_db()
        merge(survivor=survivor, other=old, by=RIS)
        assert go(client, broker).url == "/examinations/"
        assert Session.objects.get(account=account)

    def test_account_on_the_merged_record_is_found(self, client: Client, broker: idp.Provider) -> None:
        old, survivor = ewa(), patient("2002")
        account = active_account()
        Patient.objects.filter(pk=old.pk).update(account=account)
        old.refresh_from_db()
        merge(survivor=survivor, other=old, by=RIS)
        go(client, broker)
        assert Session.objects.filter(account=account).exists()

    def test_nobody_of_that_number(self, client: Client, broker: idp.Provider) -> None:
        reachable()
        page = refused(client, broker)
        assert "Jeszcze nic tu nie ma" in page
        assert "pomoc@szpital.example" in page

    @pytest.mark.parametrize(
        "said", [PESEL[:10] + str((int(PESEL[10]) + 1) % 10), "", "x", None, int(PESEL), [PESEL], PESEL + " "]
    )
    def test_number_that_is_none(self, client: Client, broker: idp.Provider, said: object) -> None:
        ewa()
        broker.people["ewa"]["pesel"] = said
        assert "Prosimy o kontakt" in refused(client, broker)

    def test_claim_is_missing(self, client: Client, broker: idp.Provider) -> None:
        ewa()
        broker.people["ewa"].pop("pesel")
        assert "Prosimy o kontakt" in refused(client, broker)

    def test_number_of_two_people(self, client: Client, broker: idp.Provider) -> None:
        ewa()
        other = reachable("2002")
        PatientIdentifier.objects.create(patient=other, issuer="2.999.7", value=PESEL, kind=pesel.KIND)
        assert "Prosimy o kontakt" in refused(client, broker)

    def test_two_numbers_of_one_person(self, client: Client, broker: idp.Provider) -> None:
        """Two people who were merged by mistake."""
        old = ewa()
        survivor = reachable("2002", identifiers=[("szpital", "2002"), (pesel.ISSUER, number(serial=4321))])
        merge(survivor=survivor, other=old, by=RIS)
        assert "Prosimy o kontakt" in refused(client, broker)

    def test_record_of_another_day_of_birth(self, client: Client, broker: idp.Provider) -> None:
        person = ewa()
        Patient.objects.filter(pk=person.pk).update(birth_date=date(1981, 3, 7))
        assert "Prosimy o kontakt" in refused(client, broker)

    def test_number_that_is_only_claimed(self, client: Client, broker: idp.Provider) -> None:
        """The mother's, on the record of her newborn (UNPROVEN), is neither's."""
        child = reachable("3003", birth_date=date(2026, 10, 1))
        PatientIdentifier.objects.create(
            patient=child, issuer=f"{UNPROVEN}:szpital", value=PESEL, kind=pesel.KIND
        )
        assert "Jeszcze nic tu nie ma" in refused(client, broker)

    def test_replaced_number_leads_nowhere(self, client: Client, broker: idp.Provider) -> None:
        """A47: it was entered at the wrong person; its real owner must not see her data."""
        adt(identifiers=(Identifier("1001", issuer="szpital"), Identifier(PESEL, issuer=pesel.ISSUER)))
        PatientIdentifier.objects.filter(value=PESEL).update(replaced_at="2026-11-01T00:00:00Z")
        assert "Jeszcze nic tu nie ma" in refused(client, broker)

    def test_namesake_is_nobody(self, client: Client, broker: idp.Provider) -> None:
        """Never by name or e-mail."""
        broker.people["ewa"] |= {"email": "ewa@example.org", "given_name": "Ewa", "family_name": "Kowalska"}
        person = reachable()
        Patient.objects.filter(pk=person.pk).update(account=active_account())
        assert "Jeszcze nic tu nie ma" in refused(client, broker)

    def test_carers_and_their_accounts_are_not_meant(self, client: Client, broker: idp.Provider) -> None:
        active_account()
        assert "Jeszcze nic tu nie ma" in refused(client, broker)


class TestWhoMayHaveAnAccount:
    @pytest.mark.parametrize("acr", [None, "loa-low", "", [HIGH], HIGH + " ", True])
    def test_weaker_proof_is_refused(self, client: Client, broker: idp.Provider, acr: object) -> None:
        ewa()
        broker.people["ewa"] |= {"acr": acr, "amr": [HIGH]}
        assert "zbyt słaby" in refused(client, broker)

    def test_level_is_not_said(self, client: Client, broker: idp.Provider) -> None:
        ewa()
        broker.people["ewa"].pop("acr")
        assert "zbyt słaby" in refused(client, broker)

    @pytest.mark.parametrize("born", [date(2012, 3, 7), date(2009, 12, 7)])
    def test_children_get_none(self, client: Client, broker: idp.Provider, born: date) -> None:
        """Under 16 nobody; from 16 the desk may give one, it does not arise here."""
        own = number(born)
        broker.people["ewa"]["pesel"] = own
        reachable(identifiers=[("szpital", "1001"), (pesel.ISSUER, own)], birth_date=born)
        assert "Jeszcze nic tu nie ma" in refused(client, broker)
        assert not Account.objects.exists()

    def test_young_person_with_an_account_of_the_desk(self, client: Client, broker: idp.Provider) -> None:
        born = date(2009, 12, 7)
        broker.people["ewa"]["pesel"] = number(born)
        person = reachable(identifiers=[("szpital", "1001"), (pesel.ISSUER, number(born))], birth_date=born)
        Patient.objects.filter(pk=person.pk).update(account=active_account())
        assert go(client, broker).url == "/examinations/"

    def test_without_an_address_the_desk_is_asked(self, client: Client, broker: idp.Provider) -> None:
        person = patient(identifiers=[("szpital", "1001"), (pesel.ISSUER, PESEL)])
        assert "Jeszcze nic tu nie ma" in refused(client, broker)
        assert tasks(person) == {"no_email", "no_mobile"}

    def test_deceased_without_an_account(self, client: Client, broker: idp.Provider) -> None:
        ewa(is_dead=True)
        assert "Jeszcze nic tu nie ma" in refused(client, broker)

    def test_deceased_with_an_account(self, client: Client, broker: idp.Provider) -> None:
        """R67: as at the password, the desk finds out."""
        person = ewa()
        Patient.objects.filter(pk=person.pk).update(account=active_account())
        ewa(is_dead=True)
        assert "rejestrac" in refused(client, broker)

    def test_kept_back_records(self, client: Client, broker: idp.Provider) -> None:
        ewa(is_confidential=True)
        assert "Jeszcze nic tu nie ma" in refused(client, broker)

    def test_guardians_addresses_open_nothing_at_18(self, client: Client, broker: idp.Provider) -> None:
        """R66"""
        person = ewa()
        account = active_account(state="locked", lock_cause="guardian")
        Patient.objects.filter(pk=person.pk).update(account=account)
        assert "rejestrac" in refused(client, broker)


class TestLocks:
    @pytest.fixture
    def account(self, broker: idp.Provider) -> Account:
        person = ewa()
        account = active_account()
        Patient.objects.filter(pk=person.pk).update(account=account)
        return account

    @pytest.mark.parametrize("cause", ["staff", "codes", "passwords", "merge", "hospital"])
    def test_locked_stays_locked(
        self, client: Client, broker: idp.Provider, account: Account, cause: str
    ) -> None:
        Account.objects.filter(pk=account.pk).update(state="locked", lock_cause=cause)
        assert "pomoc@szpital.example" in refused(client, broker)

    def test_closed_stays_closed(self, client: Client, broker: idp.Provider, account: Account) -> None:
        Account.objects.filter(pk=account.pk).update(state="closed")
        assert "pomoc@szpital.example" in refused(client, broker)

    def test_strangers_lock_is_none(self, client: Client, broker: idp.Provider, account: Account) -> None:
        """R47: and it stays one for the strangers."""
        for source in range(6):
            post_login(Client(), account.user_name, "wrong", source=f"127.0.4.{source}")
        account.refresh_from_db()
        assert account.state == Account.State.LOCKED
        assert go(client, broker).url == "/examinations/"
        assert post_login(Client(), account.user_name, PASSWORD, source="127.0.4.99").status_code == 200

    def test_strangers_lock_before_the_first_login(self, client: Client, broker: idp.Provider) -> None:
        person = ewa()
        go(client, broker)
        account = Account.objects.get(patient=person)
        for source in range(6):
            post_login(Client(), account.user_name, "wrong", source=f"127.0.5.{source}")
        account.refresh_from_db()
        assert account.state == Account.State.LOCKED
        assert go(Client(), broker).url == "/login/information/"
        account.refresh_from_db()
        assert account.state == Account.State.NEW


class TestTheNumberStaysNowhere:
    def test_no_log_no_row_no_address(
        self, client: Client, broker: idp.Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        unknown = number(serial=7777)
        broker.people["ewa"]["pesel"] = unknown
        refused(client, broker)
        broker.people["ewa"]["pesel"] = unknown[:10] + "x"
        refused(client, broker)
        assert unknown[:10] not in caplog.text
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT * FROM "{table}"')
                assert unknown[:10] not in str(cursor.fetchall()), table

    def test_known_number_stands_in_its_row_only(self, client: Client, broker: idp.Provider) -> None:
        ewa()
        go(client, broker)
        for row in [*AuditEvent.objects.values(), *Login.objects.values(), *Message.objects.values()]:
            assert PESEL not in str(row)


def test_patient_reads_it_in_the_own_log(client: Client, broker: idp.Provider) -> None:
    person = ewa()
    Patient.objects.filter(pk=person.pk).update(account=active_account())
    go(client, broker)
    assert "Tożsamość potwierdzona" in client.get("/account/access-log/").content.decode()


def test_login_page_names_the_broker(client: Client, broker: idp.Provider) -> None:
    page = client.get("/login/?next=/documents/").content.decode()
    assert "Zaloguj się przez Węzeł Testowy" in page
    assert "/login/identity/?next=%2Fdocuments%2F" in page


def test_confirmation_by_the_broker_is_fresh(client: Client, broker: idp.Provider) -> None:
    """T-102"""
    person = ewa()
    Patient.objects.filter(pk=person.pk).update(account=active_account())
    broker.people["ewa"]["auth_time"] = None  # it does not say when it has asked
    go(client, broker)
    assert client.get("/account/contact/mail/").url.startswith("/account/confirm/")
    page = client.get("/account/confirm/?next=/account/contact/mail/").content.decode()
    assert "/login/identity/?again=1&amp;next=%2Faccount%2Fcontact%2Fmail%2F" in page
    broker.people["ewa"].pop("auth_time")
    assert go(client, broker, query="?again=1&next=/account/contact/mail/").url == "/account/contact/mail/"
    assert client.get("/account/contact/mail/").status_code == 200


def test_broker_that_remembers_somebody_is_not_believed(client: Client, broker: idp.Provider) -> None:
    """R59: the person before, on the same computer in a library."""
    person = ewa()
    Patient.objects.filter(pk=person.pk).update(account=active_account())
    broker.people["ewa"]["auth_time"] = int(time.time()) - 3600
    assert "Nie udało się potwierdzić" in refused(client, broker)
    assert AuditEvent.objects.filter(action="login.provider_refused", reason="not asked anew").exists()


def test_failed_confirmation_leaves_the_session(client: Client, broker: idp.Provider) -> None:
    person = ewa()
    Patient.objects.filter(pk=person.pk).update(account=active_account())
    go(client, broker)
    broker.people["ewa"]["acr"] = "loa-low"
    assert go(client, broker, query="?again=1").url == "/examinations/"
    assert "zbyt słaby" in client.get("/account/security/").content.decode()


def test_page_of_a_refusal_says_it_once(client: Client, broker: idp.Provider) -> None:
    """A reload must not tell somebody who has proved nothing that something was confirmed."""
    assert client.get("/login/identity/refused/").url == "/login/"
    refused(client, broker)
    assert client.get("/login/identity/refused/?next=/documents/").url == "/login/?next=%2Fdocuments%2F"


def test_broker_away_leaves_the_other_ways(client: Client, broker: idp.Provider) -> None:
    broker.fault["/.well-known/openid-configuration"] = "500"
    assert (
        client.get("/login/identity/?next=/documents/").url == "/login/identity/refused/?next=%2Fdocuments%2F"
    )
    page = client.get("/login/identity/refused/?next=%2Fdocuments%2F").content.decode()
    assert "nie odpowiada" in page
    assert "/login/?next=%2Fdocuments%2F" in page


@pytest.mark.parametrize("path", ["", "back/", "refused/"])
def test_not_set_up_there_is_no_such_page(client: Client, path: str) -> None:
    assert client.get(f"/login/identity/{path}").status_code == 404
    assert "/login/identity/" not in client.get("/login/").content.decode()
