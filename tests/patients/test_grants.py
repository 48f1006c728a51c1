"""Carers: who gives, what counts at which moment, how it ends (N11, B28, R12, R66)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine

from klisza.accounts.models import Account, Revocation
from klisza.accounts.services.revocation import subject_of
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.models import AuditEvent
from klisza.base.errors import NotFound, Refused, TooMany
from klisza.patients import queries
from klisza.patients.models import Grant, GuardianProposal
from klisza.patients.services import (
    end_grant,
    end_over,
    enter_own_contact,
    give_at_desk,
    merge,
    offer,
    propose_guardian,
    settle_grown_up,
    suspend_grown_up,
    take_up,
)
from klisza.standards.hl7v2.facts import Contact
from tests.accounts.people import outbox
from tests.examinations.given import a_patient

from .carers import BORN, CLERK, DOCUMENT, TURNS_18, a_carer, a_child, given
from .people import RIS, reachable, said_at, tasks

pytestmark = pytest.mark.django_db
ANNA = Actor(kind="account", id="anna")


class TestTheDesk:
    def test_makes_an_account_without_a_patient(self) -> None:
        child = a_child()
        grant = give_at_desk(
            patient=child, kind="guardian", carer_name="Maria Kowalczyk", document=DOCUMENT,
            email="mama@example.org", mobile="600 300 400", by=CLERK,
        )  # fmt: skip
        assert grant.account
        assert queries.patient_of(grant.account) is None
        assert outbox("mail")[-1]["to"] == "mama@example.org"
        event = AuditEvent.objects.get(action="grant.given")
        assert (event.reason, event.patient_id, event.agent_kind) == (DOCUMENT, child.pk, "staff")

    def test_needs_a_document(self) -> None:
        with pytest.raises(Refused):
            given(a_child(), a_carer(), document=" ")

    def test_enters_no_guardian_of_an_adult(self) -> None:
        with pytest.raises(Refused):
            given(a_patient(), a_carer())

    def test_enters_no_guardian_without_a_birth_date(self) -> None:
        with pytest.raises(Refused):
            given(a_child(birth_date=None), a_carer())

    def test_takes_what_was_proposed(self) -> None:
        child = a_child()
        halina = Contact("Śnieżek", "Halina", "MTH", email="halina@example.org", mobile="600300400")
        propose_guardian(
            patient=child, contacts=[halina], stated_at=said_at(1).at, default_issuer="szpital", by=RIS
        )
        proposal = GuardianProposal.objects.get()
        give_at_desk(
            patient=child, kind="guardian", carer_name="Halina Śnieżek", document=DOCUMENT,
            email=proposal.email, mobile=proposal.mobile, proposal=proposal, by=CLERK,
        )  # fmt: skip
        proposal.refresh_from_db()
        assert proposal.decision == "taken"
        assert "guardian_proposed" not in tasks(child)

    def test_r12_shared_addresses_make_two_accounts(self) -> None:
        """A mother and her child's other parent at one address: nothing is joined by it."""
        child, other = a_child(), a_child()
        accounts = [
            give_at_desk(
                patient=one, kind="guardian", carer_name="Maria", document=DOCUMENT,
                email="dom@example.org", mobile="600300400", by=CLERK,
            ).account
            for one in (child, other)
        ]  # fmt: skip
        assert accounts[0] != accounts[1]
        assert [len(queries.live_of(account)) for account in accounts if account] == [1, 1]

    def test_gives_one_account_the_same_person_once(self) -> None:
        child, carer = a_child(), a_carer()
        given(child, carer)
        with pytest.raises(Refused):
            given(child, carer)


class TestThePersonsOffer:
    def test_is_taken_up_with_its_code_once(self) -> None:
        anna, carer = a_patient(), a_carer()
        grant, code = offer(patient=anna, carer_name="Piotr", scope="all", by=ANNA)
        assert code.replace("-", "") not in str(Grant.objects.values().get(pk=grant.pk))
        taken = take_up(account=carer, code=code.lower(), by=ANNA)
        assert [one.pk for one in queries.live_of(carer)] == [taken.pk]
        with pytest.raises(Refused):
            take_up(account=a_carer(), code=code, by=ANNA)

    def test_the_person_is_told_when_it_is_taken_up(self) -> None:
        anna = a_patient()
        _, code = offer(patient=anna, carer_name="Piotr", scope="all", by=ANNA)
        take_up(account=a_carer(), code=code, by=ANNA)
        assert anna.account
        told = outbox("mail")[-1]
        assert told["to"] == anna.account.email
        assert "Piotr" not in told["text"]

    def test_a_week_later_it_is_dead(self) -> None:
        with time_machine.travel("2026-11-01 12:00:00Z"):
            _, code = offer(patient=a_patient(), carer_name="Piotr", scope="all", by=ANNA)
        with time_machine.travel("2026-11-08 12:00:01Z"):
            with pytest.raises(Refused):
                take_up(account=a_carer(), code=code, by=ANNA)
            assert end_over() == 1
        assert Grant.objects.get().end_reason == "offer"

    def test_codes_cannot_be_guessed_through(self, settings: Any) -> None:
        carer = a_carer()
        for _ in range(settings.OFFER_TRIES_PER_HOUR):
            with pytest.raises(Refused):
                take_up(account=carer, code="AAAAA-AAAAA", by=ANNA)
        with pytest.raises(TooMany):
            take_up(account=carer, code="AAAAA-AAAAA", by=ANNA)

    def test_nobody_becomes_the_own_carer(self) -> None:
        anna = a_patient()
        _, code = offer(patient=anna, carer_name="Piotr", scope="all", by=ANNA)
        assert anna.account
        with pytest.raises(Refused):
            take_up(account=anna.account, code=code, by=ANNA)


class TestWhatCountsNow:
    def test_r66_a_guardian_until_midnight_of_the_birthday(self) -> None:
        child, carer = a_child(), a_carer()
        grant = given(child, carer)
        with time_machine.travel("2033-05-31 21:59:59Z"):
            assert queries.live_of(carer) == [grant]
            assert queries.carer_viewer(carer, grant, ANNA).until == queries.until(grant)
        with time_machine.travel(TURNS_18):  # no job has run
            assert queries.live_of(carer) == []
            with pytest.raises(NotFound):
                queries.carer_viewer(carer, grant, ANNA)
            assert end_over() == 1
        grant.refresh_from_db()
        assert grant.end_reason == "age"

    def test_an_authorised_person_goes_on_after_it(self) -> None:
        child, carer = a_child(), a_carer()
        given(child, carer, kind="authorised")
        with time_machine.travel("2040-01-01 12:00:00Z"):
            assert len(queries.live_of(carer)) == 1

    def test_a_corrected_birth_date_counts_at_once(self) -> None:
        child, carer = a_child(), a_carer()
        given(child, carer)
        child.birth_date = date(1990, 1, 1)
        child.save()
        assert queries.live_of(carer) == []

    def test_without_a_birth_date_nothing_is_seen_and_nothing_ends(self) -> None:
        child, carer = a_child(), a_carer()
        given(child, carer)
        child.birth_date = None
        child.save()
        assert (queries.live_of(carer), end_over()) == ([], 0)

    def test_until_the_last_day_is_over(self) -> None:
        with time_machine.travel("2026-11-01 12:00:00Z"):
            carer = a_carer()
            given(a_patient(), carer, kind="authorised", last_day=date(2026, 11, 5))
        with time_machine.travel("2026-11-05 22:59:59Z"):
            assert len(queries.live_of(carer)) == 1
        with time_machine.travel("2026-11-05 23:00:00Z"):
            assert queries.live_of(carer) == []

    def test_an_end_revokes_what_was_given_out(self) -> None:
        child, carer = a_child(), a_carer()
        grant = given(child, carer)
        end_grant(grant=grant, reason="desk", by=CLERK)
        assert Revocation.objects.filter(subject=subject_of(str(carer.pk))).exists()
        assert queries.live_grant(carer, grant.pk) is None

    def test_it_follows_the_person_through_a_merge(self) -> None:
        child, survivor, carer = a_child(), a_child(given_name="Jan"), a_carer()
        grant = given(child, carer)
        merge(survivor=survivor, other=child, by=SYSTEM)
        assert Revocation.objects.filter(subject=subject_of(str(carer.pk))).exists()
        again = queries.live_grant(carer, grant.pk)
        assert again
        viewer = queries.carer_viewer(carer, again, ANNA)
        assert viewer.patient_ids == {child.pk, survivor.pk}
        assert viewer.patient_id == survivor.pk

    def test_another_accounts_grant_is_none(self) -> None:
        grant = given(a_child(), a_carer())
        stranger = a_carer()
        assert queries.live_grant(stranger, grant.pk) is None
        with pytest.raises(NotFound):
            queries.carer_viewer(stranger, grant, ANNA)

    def test_the_actor_is_carer_for_patient(self) -> None:
        child, carer = a_child(), a_carer()
        viewer = queries.carer_viewer(carer, given(child, carer), Actor("account", str(carer.pk)))
        assert (viewer.actor.id, viewer.actor.role) == (str(carer.pk), "carer")
        assert (viewer.account_id, viewer.patient_id) == (carer.pk, child.pk)


class TestComingOfAge:
    """R66: nothing that came from a guardian's e-mail or phone logs in."""

    def test_at_16_the_desk_gives_an_own_account(self) -> None:
        child = a_child()
        with time_machine.travel("2031-05-31 12:00:00Z"), pytest.raises(Refused):
            enter_own_contact(
                patient=child, email="jas@example.org", mobile="600100777", document=DOCUMENT, by=CLERK
            )
        with time_machine.travel("2031-06-01 12:00:00Z"):
            account = enter_own_contact(
                patient=child, email="jas@example.org", mobile="600100777", document=DOCUMENT, by=CLERK
            )
            assert (account.email, account.state) == ("jas@example.org", Account.State.NEW)

    def test_an_account_in_use_does_not_begin_anew(self) -> None:
        """R13: no short way around the code that is read back."""
        with pytest.raises(Refused):
            enter_own_contact(
                patient=a_patient(), email="x@example.org", mobile="600100777", document=DOCUMENT, by=CLERK
            )

    def test_that_account_goes_on_at_18(self) -> None:
        child = a_child()
        with time_machine.travel("2032-01-01 12:00:00Z"):
            account = enter_own_contact(
                patient=child, email="jas@example.org", mobile="600100777", document=DOCUMENT, by=CLERK
            )
        with time_machine.travel(TURNS_18):
            assert suspend_grown_up() == 0
        account.refresh_from_db()
        assert account.state == Account.State.NEW

    def test_an_account_at_the_mothers_address_sleeps_at_18(self) -> None:
        child, mother = a_child(), a_carer()
        with time_machine.travel("2032-01-01 12:00:00Z"):
            given(child, mother)
            account = enter_own_contact(
                patient=child, email=mother.email, mobile="600100777", document=DOCUMENT, by=CLERK
            )
        with time_machine.travel(TURNS_18):
            assert (suspend_grown_up(), suspend_grown_up()) == (1, 0)
            account.refresh_from_db()
            assert (account.state, account.lock_cause) == (Account.State.LOCKED, "guardian")
            assert "own_contact" in tasks(child)

    def test_support_cannot_unlock_it_the_desk_begins_anew(self) -> None:
        from klisza.accounts.services import unlock

        child, mother = a_child(), a_carer()
        with time_machine.travel("2032-01-01 12:00:00Z"):
            given(child, mother)
            account = enter_own_contact(
                patient=child, email=mother.email, mobile="600100777", document=DOCUMENT, by=CLERK
            )
        with time_machine.travel(TURNS_18):
            suspend_grown_up()
            account.refresh_from_db()
            before = account.password
            with pytest.raises(Refused):
                unlock(account=account, reason="called", by=CLERK)
            enter_own_contact(
                patient=child, email="jas@example.org", mobile="600100778", document=DOCUMENT, by=CLERK
            )
            account.refresh_from_db()
            assert (account.state, account.email, account.mobile) == (
                "new",
                "jas@example.org",
                "+48600100778",
            )
            assert account.password != before
            assert account.password_is_temporary
            assert (tasks(child), suspend_grown_up()) == (set(), 0)

    def test_what_a_proposal_named_is_a_guardians(self) -> None:
        child = reachable(birth_date=BORN)
        halina = Contact("Śnieżek", "Halina", "MTH", email="h@example.org", mobile="600300400")
        propose_guardian(
            patient=child, contacts=[halina], stated_at=said_at(1).at, default_issuer="szpital", by=RIS
        )
        with time_machine.travel("2033-07-01 12:00:00Z"):
            grown = reachable(birth_date=BORN, email="h@example.org", mobile="600 300 401")
            assert queries.needs_own_contact(grown)
            assert grown.account is None
            settle_grown_up()
            assert "own_contact" in tasks(grown)

    def test_an_adult_is_not_asked(self) -> None:
        assert not queries.needs_own_contact(reachable())
