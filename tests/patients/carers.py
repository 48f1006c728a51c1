"""Carers for tests: a child with examinations, and somebody who may see them."""

from __future__ import annotations

from datetime import date
from typing import Any

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.patients.models import Grant, Patient
from klisza.patients.services import give_at_desk
from tests.accounts.people import active_account
from tests.examinations.given import a_patient

CLERK = Actor(kind="staff", id="clerk", role="registration")
BORN = date(2015, 6, 1)
TURNS_18 = "2033-05-31 22:00:00Z"  # midnight in Warsaw, summer time
DOCUMENT = "identity card, A123"


def a_child(**fields: Any) -> Patient:
    return a_patient(account=False, **{"given_name": "Jaś", "birth_date": BORN, **fields})


def a_carer(**fields: Any) -> Account:
    """An account in use that belongs to no patient."""
    return active_account(**{"email": "carer@example.org", "mobile": "+48600100900", **fields})


def given(patient: Patient, account: Account, **fields: Any) -> Grant:
    values = {
        "kind": "guardian",
        "carer_name": "Maria Kowalczyk",
        "document": DOCUMENT,
        "user_name": account.user_name,
        "by": CLERK,
    }
    return give_at_desk(patient=patient, **{**values, **fields})
