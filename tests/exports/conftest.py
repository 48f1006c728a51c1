"""A patient, signed in."""

from __future__ import annotations

import pytest
from django.test import Client

from klisza.patients.models import Patient
from tests.accounts.people import sign_in
from tests.examinations.given import a_patient


@pytest.fixture
def patient() -> Patient:
    return a_patient()


@pytest.fixture
def client(client: Client, patient: Patient) -> Client:
    sign_in(client, patient.account)
    return client
