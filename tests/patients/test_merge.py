"""Two records, one person: aliases (R61)."""

from __future__ import annotations

import pytest

from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM
from klisza.base.errors import BadMessage, NotFound
from klisza.patients import queries
from klisza.patients.models import Patient
from klisza.patients.services import merge, undo_merge

from .people import RIS, patient, reachable, tasks

pytestmark = pytest.mark.django_db


def joined(survivor: Patient, other: Patient) -> None:
    merge(survivor=survivor, other=other, by=RIS)
    survivor.refresh_from_db()
    other.refresh_from_db()


def ids_seen(account: Account) -> set[object]:
    return set(queries.viewer_for(account, SYSTEM).patient_ids)


def test_viewer_takes_all_aliases_r61() -> None:
    first, second = reachable("1"), patient("2")
    joined(first, second)
    assert first.account is not None
    assert ids_seen(first.account) == {first.pk, second.pk}
    assert queries.find_by_identifier("szpital", "2") == first


def test_account_of_the_alias_goes_on_alone_r61() -> None:
    first, second = patient("1"), reachable("2")
    joined(first, second)
    assert second.account is not None
    assert ids_seen(second.account) == {first.pk, second.pk}
    assert reachable("1").account is None  # the person has one already
    assert Account.objects.count() == 1


def test_second_account_is_locked_and_told_to_the_desk_r61() -> None:
    first, second = reachable("1"), reachable("2", email="ewa.druga@example.org")
    joined(first, second)
    assert second.account is not None
    second.account.refresh_from_db()
    assert (second.account.state, second.account.lock_cause) == (Account.State.LOCKED, "merge")
    assert "two_accounts" in tasks(first)


def test_repeated_merge_changes_nothing_r61() -> None:
    first, second = patient("1"), patient("2")
    joined(first, second)
    epoch = first.access_epoch
    joined(first, second)
    assert first.access_epoch == epoch


def test_merge_raises_the_epoch_of_everyone_r61() -> None:
    first, second = patient("1"), patient("2")
    before = first.access_epoch, second.access_epoch
    joined(first, second)
    assert (first.access_epoch, second.access_epoch) == (before[0] + 1, before[1] + 1)


def test_chain_leads_to_its_end_l8() -> None:
    one, two, three = patient("1"), patient("2"), patient("3")
    joined(two, one)
    joined(three, two)
    assert queries.find_by_identifier("szpital", "1") == three
    assert queries.aliases(three) == {one.pk, two.pk, three.pk}


def test_circle_is_refused() -> None:
    one, two, three = patient("1"), patient("2"), patient("3")
    joined(two, one)
    joined(three, two)
    with pytest.raises(BadMessage):
        merge(survivor=one, other=three, by=RIS)
    with pytest.raises(BadMessage):
        merge(survivor=one, other=one, by=RIS)


def test_undo_restores_both_r61() -> None:
    first, second = reachable("1"), reachable("2")
    joined(first, second)
    undo_merge(other=second, by=RIS)
    first.refresh_from_db()
    second.refresh_from_db()
    assert second.account is not None
    second.account.refresh_from_db()
    assert second.account.state == Account.State.NEW
    assert queries.aliases(first) == {first.pk}
    with pytest.raises(BadMessage):
        undo_merge(other=second, by=RIS)


def test_message_for_the_alias_reaches_the_survivor() -> None:
    first, second = patient("1"), patient("2")
    joined(first, second)
    assert patient("2", given_name="Ewa Maria").pk == first.pk


def test_account_without_patient_sees_nothing() -> None:
    with pytest.raises(NotFound):
        queries.viewer_for(None, SYSTEM)
