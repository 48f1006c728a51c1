"""Who loses a right loses the pictures too, within two seconds (R49, R53, R61, architecture: pixels)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from klisza.accounts import services as accounts
from klisza.accounts.models import Account
from klisza.archive import tickets
from klisza.audit.actor import SYSTEM
from klisza.base.ids import new_id
from klisza.patients import services as patients
from klisza.patients.models import Patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    found = patients.upsert_patient(
        identifiers=[("local", "T-1")], family_name="Testowa", given_name="Ewa", birth_date=date(1960, 2, 29),
        email="ewa@poczta.example", mobile="+48600100200", by=SYSTEM,
    )  # fmt: skip
    Account.objects.filter(pk=found.account_id).update(state=Account.State.ACTIVE)
    found.refresh_from_db()
    return found


def lock(patient: Patient) -> None:
    assert patient.account
    accounts.lock(account=patient.account, cause="passwords", by=SYSTEM)


def end_sessions(patient: Patient) -> None:
    assert patient.account
    accounts.end_sessions(account=patient.account, by=SYSTEM)


def merge(patient: Patient) -> None:
    other = patients.upsert_patient(
        identifiers=[("local", "T-2")], family_name="Testowa", given_name="Ewa", birth_date=date(1960, 2, 29),
        by=SYSTEM,
    )  # fmt: skip
    patients.merge(survivor=other, other=patient, by=SYSTEM)


def correct_identity(patient: Patient) -> None:
    patients.upsert_patient(
        identifiers=[("local", "T-1")], family_name="Testowa", given_name="Ewa", birth_date=date(1961, 2, 28),
        by=SYSTEM,
    )  # fmt: skip


@pytest.mark.parametrize("event", [lock, end_sessions, merge, correct_identity])
def test_tickets_die_with_the_right(patient: Patient, event: Callable[[Patient], None]) -> None:
    token = tickets.issue(holder=str(patient.account_id), study_ids=[new_id()])
    stranger = tickets.issue(holder=str(new_id()), study_ids=[new_id()])

    event(patient)
    tickets._revocations = tickets._Revocations()

    with pytest.raises(tickets.TicketRefused):
        tickets.check(token)
    tickets.check(stranger)


def test_logging_out_ends_this_sign_in_r49(patient: Patient, client: Client) -> None:
    assert patient.account
    client.force_login(patient.account)
    session = client.session
    now = int(time.time())
    session.update({"epoch": patient.account.session_epoch, "since": now, "seen": now})
    session.save()
    token = tickets.issue(
        holder=str(patient.account_id), study_ids=[new_id()], session=session.session_key or ""
    )

    client.post("/logout/")
    tickets._revocations = tickets._Revocations()

    with pytest.raises(tickets.TicketRefused):
        tickets.check(token)
