"""Field by field, an older message never overwrites a newer one, in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest

from klisza.patients import queries
from klisza.patients.models import Patient
from klisza.patients.queries import Form
from klisza.patients.services import lift_restriction, merge, shell, undo_merge
from klisza.standards.hl7v2.facts import DELETED

from .people import EMAIL, MOBILE, RIS, adt, patient, said_at, tasks

pytestmark = pytest.mark.django_db

COLUMNS = (
    "family_name", "given_name", "birth_date", "sex", "email", "mobile", "language", "stated",
    "is_dead", "died_at", "restricted_reason",
)  # fmt: skip
FOUR: Sequence[Callable[[], Patient]] = (
    lambda: adt(minute=1, email="a@example.org", mobile=MOBILE),
    lambda: adt(minute=2, family_name="Nowak", email="b@example.org"),
    lambda: adt(minute=3, family_name="", email=DELETED, language="uk"),
    lambda: adt(minute=4, family_name="Kowalska", email="a@example.org"),
)


def row(mrn: str = "1001") -> dict[str, Any]:
    found = Patient.objects.get(identifiers__issuer="szpital", identifiers__value=mrn)
    return {name: getattr(found, name) for name in COLUMNS}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_four_messages_end_in_one_row(order: Sequence[int]) -> None:
    for number in order:
        FOUR[number]()
    found = row()
    assert (found["family_name"], found["email"]) == ("Kowalska", "a@example.org")
    assert (found["mobile"], found["language"]) == ("+48600100200", "uk")
    assert found["stated"]["mobile"][0].startswith("2026-11-01T08:01")
    assert found["stated"]["email"][0].startswith("2026-11-01T08:04")


def test_removed_address_is_gone_and_empty_keeps() -> None:
    adt(minute=1, email="a@example.org", mobile=MOBILE)
    adt(minute=2, email=DELETED)
    assert (row()["email"], row()["mobile"]) == ("", "+48600100200")


def test_same_stamp_again_changes_nothing() -> None:
    first = adt(minute=1)
    again = adt(minute=1)
    assert (again.access_epoch, again.updated_at) == (first.access_epoch, first.updated_at)


def test_script_speaks_now_and_needs_a_name() -> None:
    adt(minute=1, email="a@example.org")
    assert patient(email="desk@example.org").email == "desk@example.org"
    assert adt(minute=2, email="b@example.org").email == "desk@example.org"  # said before the script


MERGE_STEPS: Sequence[Callable[[], object]] = (
    lambda: adt("A", 1, email="a@example.org", birth_date=None),
    lambda: adt("B", 2, email="b@example.org", given_name="Eva"),
    lambda: joined(3),
    lambda: adt("B", 4, email="later@example.org", given_name="", family_name="", birth_date=None, sex=""),
)


def joined(minute: int) -> None:
    """A40 of two numbers, known or not."""
    one, two = (shell(forms=[Form("szpital", value)], by=RIS) for value in ("A", "B"))
    merge(survivor=one, other=two, by=RIS, stated_at=said_at(minute).at, origin="m")


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_old_record_until_the_merge_survivor_after_it_l8(order: Sequence[int]) -> None:
    for number in order:
        MERGE_STEPS[number]()
    survivor, old = row("A"), row("B")
    assert (survivor["email"], survivor["given_name"], survivor["birth_date"]) == (
        "later@example.org",
        "Ewa",
        None,
    )
    assert (old["email"], old["given_name"]) == ("b@example.org", "Eva")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_undone_merge_gives_everyone_the_own_facts_r61(order: Sequence[int]) -> None:
    for number in order:
        MERGE_STEPS[number]()
    undo_merge(other=Patient.objects.get(identifiers__value="B"), by=RIS)
    assert (row("A")["email"], row("B")["email"]) == ("a@example.org", "later@example.org")
    joined(3)  # the replayed message finds that staff took it back
    assert queries.find_by_identifier("szpital", "B") != queries.find_by_identifier("szpital", "A")


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_deleted_record_is_hidden_until_a_newer_message(order: Sequence[int]) -> None:
    for minute in order:
        adt(minute=minute, is_deleted=minute == 2)
    assert row()["restricted_reason"] == ""
    assert "patient_deleted" not in tasks(Patient.objects.get())


def test_deleted_record_sleeps_with_its_account() -> None:
    adt(minute=1, email=EMAIL, mobile=MOBILE)
    adt(minute=2, is_deleted=True)
    found = Patient.objects.get()
    assert found.account is not None
    assert (found.restricted_reason, found.account.lock_cause) == ("deleted", "hospital")
    adt(minute=3, is_deleted=False)
    found.account.refresh_from_db()
    assert (found.account.state, found.account.lock_cause) == ("new", "")


def test_staff_decide_about_discretion_once() -> None:
    person = adt(minute=1, is_confidential=True, email=EMAIL, mobile=MOBILE)
    assert (person.restricted_reason, person.account) == ("confidential", None)
    lift_restriction(patient=person, reason="rozmowa", by=RIS)
    assert adt(minute=2, is_confidential=True).restricted_reason == ""
    adt(minute=60 * 24 * 365, is_confidential=False)
    assert adt(minute=60 * 24 * 366, is_confidential=True).restricted_reason == "confidential"


def test_death_is_told_to_the_desk() -> None:
    adt(minute=2, is_dead=True, died_at=said_at(1).at)
    adt(minute=1, is_dead=False)
    assert (row()["is_dead"], row()["died_at"]) == (True, said_at(1).at)
    assert "patient_died" in tasks(Patient.objects.get())


def test_discretion_about_the_survivor_covers_the_old_record() -> None:
    adt("A", 1)
    adt("B", 1, is_confidential=True)
    joined(2)
    assert (row("A")["restricted_reason"], row("B")["restricted_reason"]) == ("", "confidential")
    adt("A", 3, is_deleted=True)
    assert (row("A")["restricted_reason"], row("B")["restricted_reason"]) == ("deleted", "confidential")
    undo_merge(other=Patient.objects.get(identifiers__value="B"), by=RIS)
    adt("B", 4, is_confidential=False)
    assert (row("A")["restricted_reason"], row("B")["restricted_reason"]) == ("deleted", "")
