"""The page that tells who looked (N15)."""

from __future__ import annotations

import pytest
from django.test import Client

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.patients.services import merge
from tests.accounts.people import active_account, sign_in

from .people import RIS, patient

pytestmark = pytest.mark.django_db
PAGE = "/account/access-log/"


def test_log_names_role_action_and_reason(client: Client) -> None:
    mine, alias, other = patient("1"), patient("2"), patient("3")
    account = active_account()
    mine.account = account
    mine.save()
    merge(survivor=mine, other=alias, by=RIS)
    clerk = Actor(kind="staff", id="x", role="radiology")
    record("report.opened", by=clerk, patient_id=alias.pk, reason="telefon pacjentki")
    record("images.viewed", by=clerk, patient_id=other.pk, reason="inna osoba")
    sign_in(client, account)
    page = client.get(PAGE).content.decode()
    assert "Pracownik szpitala (radiologia)" in page
    assert "Otwarcie opisu" in page
    assert "telefon pacjentki" in page
    assert "Zalogowanie" in page
    assert "inna osoba" not in page


def test_name_stands_top_right_s14(client: Client) -> None:
    mine = patient("1")
    account = active_account()
    mine.account = account
    mine.save()
    sign_in(client, account)
    page = client.get(PAGE).content.decode()
    assert "Ewa Kowalska" in page
    assert "Zmień hasło" in page


def test_log_needs_a_login(client: Client) -> None:
    assert client.get(PAGE).url.startswith("/login/")
