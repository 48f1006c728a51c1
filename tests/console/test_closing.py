"""Accounts whose owners want them closed: a list of the desk and of data protection."""

from __future__ import annotations

import pytest

from klisza.accounts import services
from klisza.accounts.models import Account, ClosingRequest
from klisza.audit.actor import SYSTEM
from tests.accounts.people import active_account
from tests.examinations.given import a_patient

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def wish() -> ClosingRequest:
    account = active_account()
    patient = a_patient(family_name="Zamykająca")
    patient.account = account
    patient.save()
    return services.ask_to_close(account=account, by=SYSTEM)


@pytest.mark.parametrize("role", ["registration", "privacy"])
def test_list_names_who_asked(wish: ClosingRequest, role: str) -> None:
    text = page(signed_in(role), "/staff/closing/")
    assert "Zamykająca" in text
    assert f"/staff/closing/{wish.pk}/" in text


def test_other_roles_see_no_list(wish: ClosingRequest) -> None:
    assert sorted(allowed("/staff/closing/")) == ["admin", "privacy", "registration"]


def test_button_closes_once_and_is_audited(wish: ClosingRequest) -> None:
    client = signed_in("registration")
    assert client.post(f"/staff/closing/{wish.pk}/").status_code == 302
    wish.account.refresh_from_db()
    assert wish.account.state == Account.State.CLOSED
    assert client.post(f"/staff/closing/{wish.pk}/").status_code == 404
    assert audited("account.closed") == 1


def test_get_closes_nothing_r16(wish: ClosingRequest) -> None:
    assert signed_in("registration").get(f"/staff/closing/{wish.pk}/").status_code == 405
