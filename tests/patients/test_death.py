"""R67: the hospital says that somebody has died; a closed account. What was opened by it ends (N11, S12)."""

from __future__ import annotations

from typing import Any

import pytest

from klisza.accounts import services as accounts
from klisza.accounts.models import Account, Revocation
from klisza.accounts.services.revocation import subject_of
from klisza.audit.models import AuditEvent
from klisza.base.errors import Refused
from klisza.patients import queries
from klisza.patients.models import Grant, Patient
from klisza.patients.services import close_asked, merge, offer, undo_merge
from tests.accounts.people import ANYBODY, SOMEBODY, active_account, outbox

from .carers import CLERK, a_carer, a_child, given
from .people import adt, reachable, said_at, tasks

pytestmark = pytest.mark.django_db


def in_use(patient: Patient) -> Account:
    assert patient.account
    Account.objects.filter(pk=patient.account.pk).update(state=Account.State.ACTIVE)
    patient.account.refresh_from_db()
    return patient.account


def ended(grant: Grant) -> str:
    grant.refresh_from_db()
    return grant.end_reason if grant.ended_at else ""


@pytest.fixture
def ewa() -> Patient:
    patient = reachable()
    in_use(patient)
    return patient


@pytest.fixture
def daughter(ewa: Patient) -> Grant:
    return given(ewa, a_carer(), kind="authorised")


@pytest.fixture
def child_of_ewa(ewa: Patient) -> Grant:
    assert ewa.account
    return given(a_child(), ewa.account)


class TestDeathOfThePatient:
    def test_ends_sessions_and_the_login_r67(self, ewa: Patient) -> None:
        assert ewa.account
        epoch = ewa.account.session_epoch
        adt(minute=60 * 24, is_dead=True)
        ewa.account.refresh_from_db()
        assert (ewa.account.state, ewa.account.lock_cause) == ("locked", "died")
        assert ewa.account.session_epoch > epoch
        assert Revocation.objects.filter(subject=subject_of(str(ewa.account.pk))).exists()
        event = AuditEvent.objects.get(action="account.locked")
        assert event.reason == "died"
        assert "patient_died" in tasks(ewa)

    def test_ends_what_others_could_see_r67(self, ewa: Patient, daughter: Grant) -> None:
        grant, _code = offer(patient=ewa, carer_name="Jan", scope="all", by=ANYBODY)
        adt(minute=60 * 24, is_dead=True)
        assert (ended(daughter), ended(grant)) == ("death", "death")
        assert Revocation.objects.filter(subject=subject_of(str(daughter.account_id))).exists()

    def test_mails_nobody_of_it(self, ewa: Patient, daughter: Grant) -> None:
        """Relatives do not learn of a death by an automatic mail."""
        before = len(outbox("mail"))
        adt(minute=60 * 24, is_dead=True)
        assert daughter.account
        assert len(outbox("mail")) == before

    def test_said_again_changes_nothing(self, ewa: Patient) -> None:
        for minute in (1, 2, 2):
            adt(minute=60 * 24 + minute, is_dead=True)
        assert AuditEvent.objects.filter(action="account.locked").count() == 1

    def test_staff_release_to_a_relative_r67(self, ewa: Patient, daughter: Grant) -> None:
        """With a document: a grant of its own, by the desk."""
        adt(minute=60 * 24, is_dead=True)
        assert daughter.account
        again = given(ewa, daughter.account, kind="authorised", document="court order II Ns 1/26")
        assert queries.is_live(again)
        assert AuditEvent.objects.filter(action="grant.given").latest("pk").reason == "court order II Ns 1/26"
        adt(minute=60 * 25, is_dead=True)  # the hospital repeats itself
        assert queries.is_live(again)

    def test_what_staff_released_outlasts_a_merge(self, ewa: Patient, daughter: Grant) -> None:
        adt(minute=60 * 24, is_dead=True)
        assert daughter.account
        released = given(ewa, daughter.account, kind="authorised")
        merge(survivor=ewa, other=adt("2002", family_name="Nowak"), by=SOMEBODY)
        assert queries.is_live(Grant.objects.get(pk=released.pk))

    def test_support_cannot_unlock_it(self, ewa: Patient) -> None:
        adt(minute=60 * 24, is_dead=True)
        with pytest.raises(Refused):
            accounts.unlock(account=in_db(ewa), reason="call back", by=SOMEBODY)

    def test_a_lock_of_before_is_no_way_back(self, ewa: Patient) -> None:
        """Locked by wrong passwords, which a link and a code may lift where the hospital allows it."""
        accounts.lock(account=in_db(ewa), cause="passwords", by=SOMEBODY)
        adt(minute=60 * 24, is_dead=True)
        assert in_db(ewa).lock_cause == "died"


class TestDeathTakenBack:
    def test_restores_nothing_by_itself(self, ewa: Patient, daughter: Grant, child_of_ewa: Grant) -> None:
        adt(minute=60 * 24, is_dead=True)
        adt(minute=60 * 24 + 1, is_dead=False)
        assert (ended(daughter), ended(child_of_ewa)) == ("death", "death")
        assert (in_db(ewa).state, in_db(ewa).lock_cause) == ("locked", "staff")
        assert {"patient_died", "death_taken_back"} & tasks(ewa) == {"death_taken_back"}

    def test_ends_what_was_released_meanwhile(self, ewa: Patient, daughter: Grant) -> None:
        adt(minute=60 * 24, is_dead=True)
        assert daughter.account
        released = given(ewa, daughter.account, kind="authorised")
        adt(minute=60 * 24 + 1, is_dead=False)
        assert ended(released) == "alive"

    def test_support_unlocks_then(self, ewa: Patient) -> None:
        adt(minute=60 * 24, is_dead=True)
        adt(minute=60 * 24 + 1, is_dead=False)
        accounts.unlock(account=in_db(ewa), reason="is here with a document", by=SOMEBODY)
        assert in_db(ewa).is_active

    def test_by_undoing_a_merge(self, ewa: Patient, daughter: Grant) -> None:
        """A dead person's record was taken for hers."""
        other = adt("2002", family_name="Nowak")
        merge(survivor=ewa, other=other, stated_at=said_at(1).at, by=SOMEBODY)
        adt("2002", minute=2, is_dead=True)
        assert in_db(ewa).lock_cause == "died"
        undo_merge(other=Patient.objects.get(pk=other.pk), by=SOMEBODY)
        assert in_db(ewa).lock_cause == "staff"
        assert ended(daughter) == "death"


class TestDeathOfACarer:
    def test_ends_what_the_account_could_see(self, ewa: Patient, child_of_ewa: Grant) -> None:
        adt(minute=60 * 24, is_dead=True)
        assert ended(child_of_ewa) == "death"

    def test_is_told_to_those_it_was_about(self, ewa: Patient) -> None:
        assert ewa.account
        jan = reachable("77", given_name="Jan", email="jan@example.org", mobile="600 111 222")
        in_use(jan)
        given(jan, ewa.account, kind="authorised")
        adt(minute=60 * 24, is_dead=True)
        mail = outbox("mail")[-1]
        assert mail["to"] == "jan@example.org"
        assert "Ewa" not in mail["text"] + mail["subject"]
        assert "Kowalska" not in mail["text"] + mail["subject"]


class TestClosing:
    @pytest.fixture
    def closed(self, ewa: Patient) -> Any:
        def close() -> None:
            wish = accounts.ask_to_close(account=in_db(ewa), by=ANYBODY)
            close_asked(request_id=wish.pk, by=SOMEBODY)

        return close

    def test_ends_both_directions(
        self, ewa: Patient, daughter: Grant, child_of_ewa: Grant, closed: Any
    ) -> None:
        waiting, _code = offer(patient=ewa, carer_name="Jan", scope="all", by=ANYBODY)
        closed()
        assert {ended(grant) for grant in (daughter, child_of_ewa, waiting)} == {"closed"}

    def test_tells_both_sides(self, ewa: Patient, daughter: Grant, closed: Any) -> None:
        jan = reachable("77", given_name="Jan", email="jan@example.org", mobile="600 111 222")
        in_use(jan)
        given(jan, in_db(ewa), kind="authorised")
        before = len(outbox("mail"))
        closed()
        told = {mail["to"]: mail["text"] for mail in outbox("mail")[before:]}
        assert {"jan@example.org", "carer@example.org"} <= set(told)
        assert daughter.account
        assert daughter.account.user_name in told["carer@example.org"]
        assert "Kowalska" not in "".join(told.values())

    def test_others_keep_what_is_theirs(self, ewa: Patient, closed: Any) -> None:
        grant = given(a_child(), active_account(email="tata@example.org", mobile="+48600100901"))
        closed()
        assert queries.is_live(grant)

    def test_the_desk_may_let_in_again(self, ewa: Patient, daughter: Grant, closed: Any) -> None:
        closed()
        assert daughter.account
        assert queries.is_live(given(ewa, daughter.account, kind="authorised", by=CLERK))


def in_db(patient: Patient) -> Account:
    account = queries.accounts_of(patient)[0]
    return Account.objects.get(pk=account.pk)
