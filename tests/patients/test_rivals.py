"""Two accounts of one person: the survivor's goes on, and everything can be taken back (R61, L8, N12)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from django.test import Client

from klisza.accounts.models import Account
from klisza.patients import queries
from klisza.patients.models import MergeRecord, Patient
from klisza.patients.services import merge, undo_merge, upsert_patient
from tests.accounts.people import PASSWORD, active_account, outbox, post_login, sign_in

from .people import MOBILE, RIS, patient, said_at, tasks

pytestmark = pytest.mark.django_db
PAGE = "/account/access-log/"


def with_account(mrn: str, email: str) -> Patient:
    person = patient(mrn)
    person.account = active_account(email=email, mobile=MOBILE)
    person.save()
    return person


def state(person: Patient) -> tuple[str, str]:
    assert person.account_id is not None
    account = Account.objects.get(pk=person.account_id)
    return account.state, account.lock_cause


def join(survivor: Patient, other: Patient, minute: int = 1) -> None:
    merge(survivor=survivor, other=other, by=RIS, stated_at=said_at(minute).at, origin=f"m{minute}")


def test_signed_in_loser_is_out_at_once_r61(client: Client) -> None:
    first, second = with_account("1", "a@example.org"), with_account("2", "b@example.org")
    assert second.account is not None
    sign_in(client, second.account)
    assert client.get(PAGE).status_code == 200
    join(first, second)
    assert client.get(PAGE).url.startswith("/login/")
    assert state(second) == ("locked", "merge")
    assert state(first) == ("active", "")
    assert "two_accounts" in tasks(first)


def test_login_of_the_loser_asks_for_the_registration_desk(client: Client) -> None:
    first, second = with_account("1", "a@example.org"), with_account("2", "b@example.org")
    join(first, second)
    assert second.account is not None
    page = post_login(client, second.account.user_name, PASSWORD).content.decode()
    assert "rejestracją" in page
    assert "Kowalska" not in page
    assert outbox("mail") == []


def test_same_contact_closes_the_other_and_names_the_one() -> None:
    first, second = with_account("1", "ewa@example.org"), with_account("2", "EWA@example.org")
    join(first, second)
    assert state(second) == ("closed", "merge")
    assert first.account is not None
    assert second.account is not None
    (mail,) = outbox("mail")
    assert first.account.user_name in mail["text"]
    assert second.account.user_name in mail["text"]
    assert tasks(first).isdisjoint({"two_accounts"})


def test_undo_gives_both_their_accounts_r61() -> None:
    first, second = with_account("1", "a@example.org"), with_account("2", "b@example.org")
    join(first, second)
    undo_merge(other=second, by=RIS)
    assert state(first) == state(second) == ("active", "")
    assert "two_accounts" not in tasks(first)
    join(first, second)  # the replayed message
    assert Patient.objects.get(pk=second.pk).survivor_id is None
    assert MergeRecord.objects.count() == 1


def test_undo_gives_a_closed_account_back_r61() -> None:
    first, second = with_account("1", "a@example.org"), with_account("2", "a@example.org")
    join(first, second)
    undo_merge(other=second, by=RIS)
    assert state(second) == ("active", "")


def test_account_that_was_locked_before_is_locked_again() -> None:
    first, second = with_account("1", "a@example.org"), with_account("2", "b@example.org")
    Account.objects.filter(pk=second.account_id).update(state="locked", lock_cause="passwords")
    join(first, second)
    assert state(second) == ("locked", "merge")
    undo_merge(other=second, by=RIS)
    assert state(second) == ("locked", "passwords")


@pytest.mark.parametrize("order", list(permutations((0, 1))))
@pytest.mark.parametrize("contacts", [("a", "b", "c"), ("a", "a", "c"), ("a", "b", "a"), ("a", "b", "b")])
def test_chain_in_any_order_leaves_one_account_l8(order: Sequence[int], contacts: Sequence[str]) -> None:
    a, b, c = (with_account(mrn, f"{name}@example.org") for mrn, name in zip("abc", contacts, strict=True))
    steps = [lambda: join(a, b, 1), lambda: join(c, a, 2)]
    for number in order:
        steps[number]()
    assert queries.aliases(c) == {a.pk, b.pk, c.pk}
    assert state(c) == ("active", "")
    for person, name in ((a, contacts[0]), (b, contacts[1])):
        assert state(person) == ("closed" if name == contacts[2] else "locked", "merge")


def test_survivor_without_account_takes_the_others_over() -> None:
    first, second = patient("1"), with_account("2", "b@example.org")
    join(first, second)
    assert state(second) == ("active", "")
    assert queries.account_of(first) == second.account
    assert queries.viewer_for(second.account, RIS).patient_ids == {first.pk, second.pk}


def test_merged_person_gets_no_second_account() -> None:
    first, second = patient("1"), with_account("2", "b@example.org")
    join(first, second)
    upsert_patient(
        identifiers=[("szpital", "1")],
        family_name="Kowalska",
        given_name="Ewa",
        birth_date=first.birth_date,
        email="b@example.org",
        mobile=MOBILE,
        by=RIS,
    )
    assert Account.objects.count() == 1


def test_repeated_merge_leaves_everything_l8() -> None:
    first, second = with_account("1", "a@example.org"), with_account("2", "b@example.org")
    join(first, second)
    before = list(Patient.objects.order_by("pk").values()), list(Account.objects.order_by("pk").values())
    join(first, second)
    assert before == (
        list(Patient.objects.order_by("pk").values()),
        list(Account.objects.order_by("pk").values()),
    )
