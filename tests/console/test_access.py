"""Who has seen whose data: the officer's page (N15, B33, R14)."""

from __future__ import annotations

import pytest
from django.test import Client

from klisza.accounts.models import Account
from klisza.audit.models import AuditEvent
from klisza.patients.models import Patient
from tests.examinations.given import a_patient

from .desk import allowed, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Client:
    return signed_in("privacy")


@pytest.fixture
def anna() -> Patient:
    return a_patient("MRN-1")


def test_names_whoever_of_the_staff_has_looked(officer: Client, anna: Patient) -> None:
    clerk = signed_in("registration")
    clerk.get(f"/staff/patients/{anna.pk}/")
    clerk.post(f"/staff/patients/{anna.pk}/examinations/", {"reason": "call of the patient"})
    text = page(officer, f"/staff/patients/{anna.pk}/access/")
    name = Account.objects.get(pk=AuditEvent.objects.filter(action="list.viewed").get().agent_id).user_name
    assert f"staff {name} (registration)" in text
    assert "List of examinations opened" in text
    assert "call of the patient" in text


def test_of_this_patient_only_and_older_ones_behind_a_button(officer: Client, anna: Patient) -> None:
    other = a_patient("MRN-2")
    clerk = signed_in("registration")
    for _ in range(101):
        clerk.get(f"/staff/patients/{anna.pk}/")
    path = f"/staff/patients/{anna.pk}/access/"
    text = page(officer, path)
    assert text.count("Your data opened by staff") == 100
    older = text[text.index("?before=") :].split('"', 1)[0]
    assert page(officer, path + older).count("Your data opened by staff") == 2  # and the officer's own look
    assert page(officer, f"/staff/patients/{other.pk}/access/").count("Your data opened by staff") == 1


def test_the_search_leads_to_the_log_and_nowhere_else(officer: Client, anna: Patient) -> None:
    text = officer.post("/staff/access/", {"wanted": "MRN-1"}).content.decode()
    assert f"/staff/patients/{anna.pk}/access/" in text
    assert f'/staff/patients/{anna.pk}/"' not in text
    assert officer.get(f"/staff/patients/{anna.pk}/").status_code == 403


def test_the_patient_reads_that_the_officer_has_looked(officer: Client, anna: Patient) -> None:
    page(officer, f"/staff/patients/{anna.pk}/access/")
    event = AuditEvent.objects.get(action="patient.viewed")
    assert (event.role, event.patient_id) == ("privacy", anna.pk)


def test_who_may() -> None:
    """R14"""
    assert allowed("/staff/access/") == ["privacy", "admin"]
    assert allowed(f"/staff/patients/{a_patient().pk}/access/") == ["privacy", "admin"]
