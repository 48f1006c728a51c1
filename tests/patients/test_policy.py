"""When an account arises (S7), invitations in waves, and guardians that are only proposed (N11)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine

from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.notifications.models import Message
from klisza.patients import queries
from klisza.patients.models import GuardianProposal, Invitation, Patient
from klisza.patients.services import (
    decide_guardian,
    invite_due,
    propose_guardian,
    provide_account,
    settle_grown_up,
    start_wave,
    stop_wave,
)
from klisza.standards.hl7v2.facts import Contact
from tests.accounts.people import outbox

from . import people
from .people import EMAIL, MOBILE, RIS, adt, said_at, tasks

pytestmark = pytest.mark.django_db
DEFAULT = "with-first-visible-examination"
HALINA = Contact("Śnieżek", "Halina", "MTH", email="halina@example.org", mobile="600300400")


def reachable(mrn: str = "1001", minute: int = 1, **fields: Any) -> Patient:
    return adt(mrn, minute, **{"email": f"p{mrn}@example.org", "mobile": MOBILE, **fields})


def test_default_waits_for_something_to_see_s7(settings: Any) -> None:
    settings.ACCOUNT_POLICY = DEFAULT
    person = reachable()
    assert (person.account, tasks(person)) == (None, set())
    assert list(queries.without_account()) == [person]
    provide_account(patient=person, by=SYSTEM)
    provide_account(patient=person, by=SYSTEM)
    assert Account.objects.count() == 1
    assert list(queries.without_account()) == []


def test_what_lacks_is_asked_for_once_there_is_something_to_see_s8(settings: Any) -> None:
    settings.ACCOUNT_POLICY = DEFAULT
    person = adt(minute=1, email=EMAIL)
    provide_account(patient=person, by=SYSTEM)
    assert tasks(person) == {"no_mobile"}
    assert list(queries.without_account()) == []  # nothing to try before the desk has entered it
    adt(minute=2, mobile=MOBILE)
    assert tasks(person) == set()
    assert list(queries.without_account()) == [person]


def test_invited_policy_waits_for_staff_s7(settings: Any) -> None:
    settings.ACCOUNT_POLICY = "invited"
    person = reachable()
    assert provide_account(patient=person, by=SYSTEM) is None
    assert provide_account(patient=person, by=SYSTEM, invited=True) is not None


def test_initial_load_sends_nothing_s7() -> None:
    person = reachable(quiet=True, initial=True)
    assert person.is_quiet
    again = reachable(minute=2, given_name="Ewa Maria")
    assert (again.account, outbox(), tasks(again)) == (None, [], set())
    assert provide_account(patient=again, by=SYSTEM) is None
    assert list(queries.without_account()) == []


def test_dead_and_restricted_get_no_account() -> None:
    assert reachable("1", is_dead=True).account is None
    assert reachable("2", is_confidential=True).account is None
    assert reachable("3", is_deleted=True).account is None


def test_account_in_use_is_told_of_new_contact_data_r13() -> None:
    person = reachable()
    Account.objects.update(state="active")
    Message.objects.all().delete()
    reachable(minute=2, email="new@example.org")
    reachable(minute=3, email="newer@example.org")
    assert tasks(person) == {"contact_change"}
    told = outbox("mail")
    assert [mail["to"] for mail in told] == ["p1001@example.org", "new@example.org"]
    assert person.account is not None
    assert [person.account.user_name in mail["text"] for mail in told] == [True, False]


def test_shared_address_is_a_task_at_both_r12() -> None:
    one, two = reachable("1", email=EMAIL), reachable("2", email=EMAIL)
    assert "shared_email" in tasks(one) & tasks(two)
    assert Account.objects.count() == 2
    reachable("2", minute=2, email="own@example.org")
    assert "shared_email" not in tasks(one) | tasks(two)


def test_wave_invites_so_many_a_day_s7() -> None:
    people = [reachable(str(number), quiet=True, initial=True) for number in range(5)]
    reachable("young", quiet=True, initial=True, birth_date=date(2015, 1, 1))
    adt("no mobile", 1, email="x@example.org", quiet=True, initial=True)
    with time_machine.travel("2026-11-23 06:00:00+01:00"):
        wave = start_wave(per_day=2, by=RIS)
        assert invite_due() == 0  # not in the night
    invited = []
    for moment in ("08:01", "09:00", "13:30", "18:00"):
        with time_machine.travel(f"2026-11-23 {moment}:00+01:00"):
            invited.append(invite_due())
    assert (sum(invited), invited[1]) == (2, 0)
    with time_machine.travel("2026-11-24 18:30:00+01:00"):
        assert (invite_due(), invite_due()) == (2, 0)
    with time_machine.travel("2026-11-25 18:30:00+01:00"):
        assert invite_due() == 1
    assert set(Invitation.objects.values_list("patient", flat=True)) == {person.pk for person in people}
    assert queries.wave_figures(wave).invited == 5


def test_wave_figures_come_from_outbox_and_accounts_s7() -> None:
    for number in range(3):
        reachable(str(number), quiet=True, initial=True)
    with time_machine.travel("2026-11-23 18:30:00+01:00"):
        wave = start_wave(per_day=10, by=RIS)
        assert invite_due() == 3
    one, two, three = Message.objects.filter(kind="account").order_by("created_at")
    Message.objects.filter(pk__in=[one.pk, two.pk]).update(state="sent")
    Message.objects.filter(pk=two.pk).update(bounced_at=clock.now())
    Account.objects.filter(pk=one.account_id).update(state="active")
    assert queries.wave_figures(wave) == queries.Figures(invited=3, delivered=1, bounced=1, activated=1)
    assert [row.account_id for row in queries.wave_people(wave, "bounced")] == [two.account_id]
    assert three.state == "waiting"


def test_stopped_wave_invites_nobody() -> None:
    reachable(quiet=True, initial=True)
    wave = start_wave(per_day=10, by=RIS)
    stop_wave(wave=wave, by=RIS)
    assert invite_due() == 0
    with pytest.raises(Refused):
        start_wave(per_day=0, by=RIS)


def test_wave_takes_only_whom_it_is_for() -> None:
    reachable("old", quiet=True, initial=True, birth_date=date(1950, 1, 1))
    reachable("new", quiet=True, initial=True, birth_date=date(1990, 1, 1))
    with time_machine.travel("2026-11-23 18:30:00+01:00"):
        start_wave(per_day=10, born_before=date(1960, 1, 1), by=RIS)
        start_wave(per_day=10, seen_since=date(2026, 1, 1), by=RIS)
        assert invite_due() == 1


def test_mother_of_a_child_is_proposed_only_n11() -> None:
    child = reachable(birth_date=date(2019, 7, 15))
    for minute in (2, 1, 2):
        propose_guardian(
            patient=child, contacts=[HALINA], stated_at=said_at(minute).at, default_issuer="x", by=RIS
        )
    assert tasks(child) == {"under_age", "guardian_proposed"}
    assert (child.account, outbox()) == (None, [])
    proposal = GuardianProposal.objects.get()
    assert (proposal.mobile, proposal.relation) == ("+48600300400", "MTH")
    decide_guardian(proposal=proposal, decision="dismissed", by=RIS)
    assert tasks(child) == {"under_age"}


def test_nobody_speaks_for_an_adult_and_no_neighbour_for_a_child_n11() -> None:
    neighbour = Contact("Nowak", "Jan", "EMC")
    child, adult = reachable("1", birth_date=date(2019, 7, 15)), reachable("2")
    for person, contact in ((adult, HALINA), (child, neighbour)):
        propose_guardian(
            patient=person, contacts=[contact], stated_at=said_at(1).at, default_issuer="x", by=RIS
        )
    assert not GuardianProposal.objects.exists()


def test_eighteenth_birthday_asks_for_the_own_contact_l17() -> None:
    """R66: what stood there before may be a parent's; nothing of it gets an account."""
    child = reachable(birth_date=date(2008, 12, 1))
    with time_machine.travel("2026-11-30 22:59:59Z"):
        assert settle_grown_up() == 0
    with time_machine.travel("2026-11-30 23:00:00Z"):  # midnight in Warsaw
        assert settle_grown_up() == 1
        assert tasks(child) == {"own_contact"}
    child.refresh_from_db()
    assert child.account is None


def test_own_contact_said_after_the_birthday_brings_the_account() -> None:
    reachable(birth_date=date(2008, 12, 1))
    with time_machine.travel("2026-12-02 12:00:00Z"):
        grown = people.reachable(birth_date=date(2008, 12, 1), email="own@example.org", mobile="600 100 777")
    assert grown.account is not None
    assert grown.account.email == "own@example.org"


def test_invitation_that_broke_off_is_finished() -> None:
    person = reachable(quiet=True, initial=True)
    with time_machine.travel("2026-11-23 18:30:00+01:00"):
        wave = start_wave(per_day=10, by=RIS)
        Invitation.objects.create(wave=wave, patient=person, sent_at=clock.now())
        assert invite_due() == 0
    with time_machine.travel("2026-11-23 18:45:00+01:00"):
        invite_due()
    assert Invitation.objects.get().account is not None
