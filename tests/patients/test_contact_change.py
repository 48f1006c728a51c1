"""A08 with another telephone: told to the old address, used by nobody until it is confirmed (N17, R13, R12)."""

from __future__ import annotations

import re

import pytest

from klisza.accounts import services as accounts
from klisza.accounts.models import Account
from klisza.accounts.services import contact
from klisza.audit.actor import Actor
from klisza.patients.models import Patient
from klisza.patients.services import settle_contact_tasks
from tests.accounts.people import ANYBODY, outbox

from .people import adt, tasks

pytestmark = pytest.mark.django_db
OWNER = Actor(kind="account", id="owner")
OLD, NEW = "+48600100200", "+48600100999"


@pytest.fixture
def ewa() -> Patient:
    found = adt(email="ewa@example.org", mobile=OLD)
    assert found.account
    Account.objects.filter(pk=found.account.pk).update(state=Account.State.ACTIVE)
    found.account.refresh_from_db()
    return found


def confirmed(account: Account) -> None:
    change = contact.open_changes(account)[0]
    contact.send_again(change=change, by=OWNER)
    found = re.search(r"\b(\d{4})\b", outbox("sms")[-1]["text"])
    assert found
    contact.confirm(change=change, typed=found.group(1), by=OWNER)
    account.refresh_from_db()


def test_r13_the_old_address_is_told_and_nothing_changes(ewa: Patient) -> None:
    before = len(outbox("mail"))
    adt(minute=5, email="ewa@example.org", mobile=NEW)
    assert ewa.account
    ewa.account.refresh_from_db()
    assert ewa.account.mobile == OLD
    assert [mail["to"] for mail in outbox("mail")[before:]] == ["ewa@example.org"]
    assert "contact_change" in tasks(ewa)


def test_the_owner_confirms_it_and_the_desk_is_done(ewa: Patient) -> None:
    adt(minute=5, email="ewa@example.org", mobile=NEW)
    assert ewa.account
    confirmed(ewa.account)
    assert ewa.account.mobile == NEW
    settle_contact_tasks()
    assert "contact_change" not in tasks(ewa)


def test_r13_reset_within_the_cool_off_asks_support(ewa: Patient) -> None:
    adt(minute=5, email="ewa@example.org", mobile=NEW)
    assert ewa.account
    confirmed(ewa.account)
    accounts.ask_for_reset(user_name=ewa.account.user_name, source="127.0.1.7", by=ANYBODY)
    accounts.answer_requests()
    assert "/login/reset/" not in outbox("mail")[-1]["text"]


def test_a_number_the_owner_replaced_is_not_proposed_again(ewa: Patient) -> None:
    adt(minute=5, email="ewa@example.org", mobile=NEW)
    assert ewa.account
    confirmed(ewa.account)
    adt(minute=9, email="ewa@example.org", mobile=OLD)
    assert contact.open_changes(ewa.account) == []
    assert "contact_change" not in tasks(ewa)


def test_saying_it_twice_tells_once(ewa: Patient) -> None:
    adt(minute=5, email="ewa@example.org", mobile=NEW)
    before = len(outbox())
    adt(minute=6, email="ewa@example.org", mobile=NEW)
    assert len(outbox()) == before
    assert ewa.account
    assert len(contact.open_changes(ewa.account)) == 1


def test_r12_one_address_of_two_people_stays_two_accounts(ewa: Patient) -> None:
    other = adt("1002", email="ewa@example.org", mobile=OLD, given_name="Jan", sex="M")
    assert ewa.account
    assert other.account
    assert other.account.pk != ewa.account.pk
    accounts.ask_for_reset(user_name=other.account.user_name, source="127.0.1.7", by=ANYBODY)
    accounts.answer_requests()
    assert ewa.account.user_name not in outbox("mail")[-1]["text"]
