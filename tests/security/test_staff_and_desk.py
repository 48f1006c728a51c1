"""The desk and the staff pages as a way in: R13, R14, and that every row of the login has its test."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts import services
from klisza.accounts.models import Account, StaffRole
from klisza.accounts.services import contact
from klisza.audit.actor import Actor
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.patients.models import Patient
from klisza.patients.services import upsert_patient
from klisza.standards.hl7v2.facts import Stamp
from tests.accounts.people import ANYBODY, PASSWORD, active_account, outbox, post_login, staff_account
from tests.portal import ROOT

pytestmark = pytest.mark.django_db
RIS = Actor(kind="system", role="hl7")
ROWS = [f"r{number}" for number in (*range(10, 19), *range(37, 50))]


def adt(minute: int, **fields: str) -> Patient:
    values = {"email": "ewa.nowak@example.org", "mobile": "+48600100200", **fields}
    return upsert_patient(
        identifiers=[("local", "P1")],
        family_name="Nowak",
        given_name="Ewa",
        birth_date=date(1960, 1, 1),
        sex="F",
        by=RIS,
        language="pl",
        stamp=Stamp(datetime(2026, 11, 1, 10, minute, tzinfo=UTC), str(minute)),
        **values,
    )


def in_use() -> Account:
    account = adt(0).account
    assert account is not None
    Account.objects.filter(pk=account.pk).update(state="active", password_is_temporary=False)
    account.refresh_from_db()
    return account


def test_phone_of_an_admission_message_takes_nothing_over_r13() -> None:
    """A08 with a new phone: the old address is told, codes still go to the old number."""
    account = in_use()
    adt(5, mobile="+48600100999")
    account.refresh_from_db()
    assert account.mobile == "+48600100200"
    assert "ewa.nowak@example.org" in [mail["to"] for mail in outbox("mail")]
    assert not [text for text in outbox("sms") if text["to"] == "+48600100999"]


def test_reset_within_the_cool_off_asks_support_r13() -> None:
    """The clerk's change took effect; for a day a forgotten password leads to support."""
    account = in_use()
    desk = Actor(kind="staff", id="desk", role="registration")
    change = contact.ask(
        account=account,
        channel="sms",
        address="+48600100999",
        origin="desk",
        document="passport, 1234",
        by=desk,
    )
    found = re.search(r"\b\d{4,6}\b", outbox("sms")[-1]["text"])
    assert found
    contact.confirm(change=change, typed=found.group(), by=desk)
    for hours, has_link in ((1, False), (25, True)):
        with time_machine.travel(clock.now() + timedelta(hours=hours)):
            services.ask_for_reset(user_name=account.user_name, source=f"127.0.1.{hours}", by=ANYBODY)
            services.answer_requests()
        text = outbox("mail")[-1]["text"]
        assert ("/login/reset/" in text) is has_link
        assert has_link or "+48 22 000 00 00" in text


@pytest.fixture
def staff_pages(settings: SettingsWrapper) -> None:
    settings.LISTENER = "staff"
    settings.ROOT_URLCONF = "klisza.config.urls_staff"


def clerk(role: str) -> Client:
    from django.contrib import auth
    from django.http import HttpRequest

    from klisza.accounts import session

    account = staff_account(user_name=f"anna-{role}")
    StaffRole.objects.create(account=account, role=role)
    client = Client()
    request = HttpRequest()
    request.session = client.session
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    request.user = auth.models.AnonymousUser()  # type: ignore[attr-defined]
    session.sign_in(request, account)
    request.session.save()
    from django.conf import settings

    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
    return client


@pytest.mark.usefixtures("staff_pages")
def test_clerk_opens_no_study_and_needs_a_reason_r14() -> None:
    """Another role's page -> 403; the patient's view without a reason -> 400; with one -> in the patient's log."""
    person = Patient.objects.create(
        family_name="Nowak", given_name="Ewa", created_at=clock.now(), updated_at=clock.now()
    )
    path = f"/staff/patients/{person.pk}/examinations/"
    assert clerk("privacy").get("/staff/studies/").status_code == 403
    assert clerk("integration").post(path, {"reason": "curious"}).status_code == 403
    desk = clerk("registration")
    assert desk.post(path).status_code == 400
    assert desk.post(path, {"reason": "call of the patient"}).status_code == 200
    event = AuditEvent.objects.get(action="list.viewed")
    assert (event.patient_id, event.reason) == (person.pk, "call of the patient")


@pytest.mark.usefixtures("staff_pages")
def test_desk_unlocks_what_strangers_have_locked_r47() -> None:
    """The owner came back in a known browser, so the account is in use, and still shut to all others."""
    account = active_account(strangers_locked_at=clock.now(), locked_at=clock.now(), lock_cause="passwords")
    person = Patient.objects.create(
        family_name="Nowak", given_name="Ewa", account=account, created_at=clock.now(), updated_at=clock.now()
    )
    desk = clerk("registration")
    assert (
        f"/staff/patients/{person.pk}/unlock/" in desk.get(f"/staff/patients/{person.pk}/").content.decode()
    )
    desk.post(f"/staff/patients/{person.pk}/unlock/", {"reason": "called back, address", "checked": "on"})
    account.refresh_from_db()
    assert account.strangers_locked_at is None


def test_patients_sign_in_with_the_address_they_share_r12() -> None:
    """Two accounts, one address: each user name opens its own."""
    first, second = active_account(), active_account()
    for account in (first, second):
        assert post_login(Client(), account.user_name, PASSWORD).url == "/login/code/"
    assert post_login(Client(), first.email, PASSWORD).status_code == 200  # the address is no name


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test(row: str) -> None:
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    assert any(re.search(rf"def test_\w+_{row}\b|\b{row.upper()}\b", text) for text in texts), row


@pytest.mark.parametrize("row", ROWS)
def test_the_table_of_the_docs_is_true(row: str) -> None:
    """Each row stands there, and every file it names exists and names the row."""
    text = (ROOT / "docs" / "security" / "login.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.match(rf"\| [R\d, ]*\b{row.upper()}\b", line)]
    assert len(lines) == 1, row
    files = re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", lines[0].split("|")[2])
    assert files
    for name in files:
        path = ROOT / name if "/" in name else Path(__file__).parent / name
        found = path.read_text("utf-8")
        assert re.search(rf"_{row}\b|\b{row.upper()}\b", found), (row, name)
