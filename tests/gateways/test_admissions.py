"""ADT effects: who is whom, in every order and as often as it is said (R61, L8; hospital-integration.md 2.4, 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count, permutations
from pathlib import Path
from typing import Any

import pytest

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.examinations.models import Examination
from klisza.gateways.hl7v2 import reading
from klisza.gateways.hl7v2.context import Context
from klisza.gateways.hl7v2.effects import admissions
from klisza.gateways.models import Hl7Peer, InboundMessage
from klisza.patients import queries
from klisza.patients.models import GuardianProposal, MergeRecord, Patient, PatientIdentifier
from klisza.patients.services import undo_merge
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.facts import Admission, Contact, Identifier, Person, Stamp
from tests.accounts.people import outbox

pytestmark = pytest.mark.django_db
RIS = Actor("machine")
SAMPLES = Path(__file__).parents[1] / "data" / "hl7" / "composed"
PESEL = Identifier("44051401359", issuer="2.16.840.1.113883.3.4424.1.1.616", namespace="PESEL", kind="NNPOL")
BORN_AS_PESEL = date(1944, 5, 14)
_numbers: Iterator[int] = count(1)


def mrn(value: str) -> Identifier:
    return Identifier(value, issuer="1.2.3.4.5", namespace="SZP01", kind="MR")


def person(*identifiers: Identifier, **fields: Any) -> Person:
    values: dict[str, Any] = {"family_name": "Kowalska", "given_name": "Ewa", "birth_date": date(1980, 3, 7)}
    return Person(identifiers=identifiers, **{**values, **fields})


def said(minute: int) -> Stamp:
    return Stamp(datetime(2026, 11, 1, 8, tzinfo=UTC) + timedelta(minutes=minute), str(minute))


def context(**fields: Any) -> Context:
    row = InboundMessage.objects.create(received_at=clock.now(), size=1, digest=str(next(_numbers)))
    return Context(message=row, by=RIS, **fields)


def adt(event: str, minute: int, who: Person, *, on: Context | None = None, **fields: Any) -> Context:
    here = on or context()
    admissions.apply(Admission(event=event, stamp=said(minute), person=who, **fields), here)
    return here


def merge(survivor: str, prior: str, minute: int = 5, **fields: Any) -> Context:
    return adt("A40", minute, person(mrn(survivor)), prior=(mrn(prior),), **fields)


def found(value: str) -> Patient | None:
    return queries.find_person([mrn(value)], default_issuer="local")


def kinds(of: Context) -> list[str]:
    return [trouble.kind for trouble in of.troubles]


def people() -> list[tuple[object, ...]]:
    """What counts of every record, without ids and moments."""
    return sorted(
        (
            sorted(row.identifiers.values_list("issuer", "value")),
            sorted((row.survivor or row).identifiers.values_list("value", flat=True)),
            row.family_name,
            row.email,
            str(row.stated),
            row.restricted_reason,
        )
        for row in Patient.objects.all()
    )


THREE: Sequence[Callable[[], object]] = (
    lambda: adt("A28", 1, person(mrn("A"), email="a@example.org")),
    lambda: adt("A28", 2, person(mrn("B"), family_name="Kowalska-Nowak", email="b@example.org")),
    lambda: merge("A", "B", 3),
    lambda: merge("C", "A", 4),
)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_admissions_and_chained_merges_in_any_order_l8(order: Sequence[int]) -> None:
    for number in order:
        THREE[number]()
    one = found("C")
    assert one is not None
    assert found("A") == found("B") == one
    assert len(queries.aliases(one)) == 3
    assert people() == _expected()


_first: list[list[tuple[object, ...]]] = []


def _expected() -> list[tuple[object, ...]]:
    """What the first order ended in."""
    if not _first:
        _first.append(people())
    return _first[0]


def test_merge_before_anybody_is_known_shows_nobody() -> None:
    merge("A", "B")
    old = queries.records(queries.forms([mrn("B")], "local"))[0]
    assert (old.family_name, old.survivor) == ("", found("A"))


def test_merge_naming_nobody_is_a_shell() -> None:
    adt("A40", 5, Person(identifiers=(mrn("A"),)), prior=(mrn("B"),))
    assert found("A") is None
    adt("A28", 6, person(mrn("A")))
    assert found("B") == found("A") != None  # noqa: E711


def test_repeated_merge_has_no_effect_l8() -> None:
    merge("A", "B")
    before = people(), MergeRecord.objects.count(), Patient.objects.values_list("access_epoch", flat=True)[0]
    again = merge("A", "B")
    assert kinds(again) == []
    assert before[0] == people()
    assert before[1] == MergeRecord.objects.count()


def test_circular_merge_is_refused_205() -> None:
    merge("A", "B", 1)
    with pytest.raises(Refusal) as refusal:
        merge("B", "A", 2)
    assert (refusal.value.answer, refusal.value.code, refusal.value.location) == ("AE", "205", "MRG^1^1")


def test_merge_into_itself_is_refused_205() -> None:
    with pytest.raises(Refusal) as refusal:
        merge("A", "A")
    assert refusal.value.code == "205"


def test_both_numbers_on_one_record_is_no_circle() -> None:
    adt("A28", 1, person(mrn("A"), mrn("B")))
    merge("A", "B")
    assert Patient.objects.count() == 1


def test_pesel_of_both_sides_does_not_hide_the_merge() -> None:
    adt("A28", 1, person(mrn("B"), PESEL))
    adt("A40", 2, person(mrn("A"), PESEL), prior=(mrn("B"), PESEL))
    assert Patient.objects.count() == 2
    assert found("A") == found("B") == queries.find_person([PESEL], default_issuer="local")


def test_survivor_is_not_taken_for_the_prior_by_its_pesel() -> None:
    adt("A28", 1, person(mrn("B"), PESEL))
    adt("A40", 2, person(mrn("A"), PESEL), prior=(mrn("B"),))
    assert found("A") == found("B")
    assert queries.records(queries.forms([mrn("B")], "local"))[0].survivor == found("A")


def test_message_of_an_undone_merge_does_nothing_when_replayed_r61() -> None:
    here = merge("A", "B", 1)
    adt("A28", 0, person(mrn("B")))
    undo_merge(other=queries.records(queries.forms([mrn("B")], "local"))[0], by=RIS)
    merge("A", "B", 1, on=here)
    assert found("A") != found("B")
    merge("A", "B", 9)  # the hospital says it anew
    assert found("A") == found("B")


def test_changed_number_keeps_person_and_account() -> None:
    adt("A28", 1, person(mrn("OLD"), email="a@example.org", mobile="600100200"))
    account = Account.objects.get()
    adt("A47", 2, person(mrn("NEW")), prior=(mrn("OLD"),))
    one = found("NEW")
    assert one is not None
    assert found("OLD") == one
    assert one.account == account
    assert PatientIdentifier.objects.get(issuer="1.2.3.4.5", value="OLD").replaced_at is not None
    assert PatientIdentifier.objects.get(issuer="1.2.3.4.5", value="NEW").replaced_at is None


def test_changed_number_known_before_keeps_the_older_account() -> None:
    adt("A28", 3, person(mrn("OLD"), email="a@example.org", mobile="600100200"))
    older = Account.objects.get()
    adt("A28", 4, person(mrn("NEW"), email="b@example.org", mobile="600100201"))
    adt("A47", 2, person(mrn("NEW")), prior=(mrn("OLD"),))
    one = found("OLD")
    assert one is not None
    assert queries.account_of(one) == older


def test_number_changed_back_is_shown_again() -> None:
    for minute, new, old in ((2, "Y", "X"), (3, "X", "Y"), (2, "Y", "X")):
        adt("A47", minute, person(mrn(new)), prior=(mrn(old),))
    rows = {row.value: row.replaced_at for row in PatientIdentifier.objects.filter(issuer="1.2.3.4.5")}
    assert (rows["X"], rows["Y"] is None) == (None, False)


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_unlink_after_link_whatever_came_first(order: Sequence[int]) -> None:
    def pair(event: str, minute: int) -> None:
        adt(event, minute, person(mrn("A"), PESEL), second=person(Identifier("7", issuer="lab"), PESEL))

    steps = (lambda: pair("A24", 1), lambda: pair("A37", 2))
    for number in order:
        steps[number]()
    other = queries.find_person([Identifier("7", issuer="lab")], default_issuer="local")
    assert other != found("A")
    pair("A24", 3)
    assert queries.find_person([Identifier("7", issuer="lab")], default_issuer="local") == found("A")


def examination(of: Patient) -> Examination:
    now = clock.now()
    return Examination.objects.create(
        patient=of, kind="CT", performed_at=now, issuer="x", visible=True, created_at=now, updated_at=now
    )


def test_moved_record_takes_everything_along() -> None:
    adt("A28", 1, person(mrn("A")))
    adt("A28", 2, person(mrn("B"), family_name="Nowak"))
    here = adt("A43", 3, person(mrn("A")), prior=(mrn("B"),))
    assert found("B") == found("A")
    assert kinds(here) == []
    assert MergeRecord.objects.get().kind == "move"


def test_moved_number_leaves_what_is_in_doubt_to_staff_r60() -> None:
    adt("A28", 1, person(mrn("A")))
    adt("A28", 2, person(mrn("B"), mrn("B2"), family_name="Nowak"))
    doubtful = examination(found("B2"))  # type: ignore[arg-type]
    for here in (adt("A43", 3, person(mrn("A")), prior=(mrn("B"),)),):
        assert kinds(here) == ["move_needs_staff"]
    assert found("B") == found("A") != found("B2")
    doubtful.refresh_from_db()
    assert (doubtful.hidden_reason, doubtful.visible) == ("moved", False)
    assert kinds(adt("A43", 3, person(mrn("A")), prior=(mrn("B"),))) == []


def test_moved_visit_hides_all_of_the_former_patient_once() -> None:
    adt("A28", 1, person(mrn("A")))
    adt("A28", 2, person(mrn("B"), family_name="Nowak"))
    doubtful = examination(found("B"))  # type: ignore[arg-type]
    assert kinds(adt("A45", 3, person(mrn("A")), prior=(mrn("B"),))) == ["move_needs_staff"]
    Examination.objects.filter(pk=doubtful.pk).update(hidden_reason="")  # staff have looked
    assert kinds(adt("A45", 3, person(mrn("A")), prior=(mrn("B"),))) == []
    doubtful.refresh_from_db()
    assert doubtful.hidden_reason == ""


def test_identifiers_of_two_persons_are_staffs_business() -> None:
    adt("A28", 1, person(mrn("A")))
    adt("A28", 1, person(mrn("B")))
    here = adt("A08", 2, person(mrn("A"), mrn("B"), family_name="Nowak"))
    assert kinds(here) == ["identifiers_of_two"]
    assert found("A") != found("B")
    assert [found(value).family_name for value in "AB"] == ["Nowak", "Kowalska"]  # type: ignore[union-attr]


def test_contacts_of_one_never_reach_the_account_of_another_r12() -> None:
    """Her number and his PESEL in one PID: the mail with the way in would go to him."""
    adt("A28", 1, person(mrn("A"), email="ewa@example.org", mobile="600100200"))
    adt("A28", 1, person(mrn("B"), PESEL, birth_date=BORN_AS_PESEL, family_name="Nowak"))
    account = found("A").account  # type: ignore[union-attr]
    assert account is not None
    wrong = person(mrn("A"), PESEL, email="jan@example.org", mobile="600100300", birth_date=BORN_AS_PESEL)
    assert kinds(adt("A08", 2, wrong)) == ["identifiers_of_two"]
    account.refresh_from_db()
    assert (account.email, account.mobile) == ("ewa@example.org", "+48600100200")
    one = found("A")
    assert one is not None
    assert (one.email, one.birth_date) == ("ewa@example.org", date(1980, 3, 7))
    assert {mail["to"] for mail in outbox("mail")} == {"ewa@example.org"}


def test_newborn_with_the_pesel_of_the_mother_is_another_person() -> None:
    mother = person(mrn("M"), PESEL, birth_date=BORN_AS_PESEL, given_name="Matka")
    child = person(mrn("C"), PESEL, birth_date=date(2026, 10, 30), given_name="Noworodek")
    for first, second in ((mother, child), (child, mother)):
        Patient.objects.all().delete()
        adt("A28", 1, first)
        adt("A28", 2, second)
        names = [found(value).given_name for value in "MC"]  # type: ignore[union-attr]
        assert names == ["Matka", "Noworodek"]
        by_pesel = queries.find_person([PESEL], default_issuer="local")
        assert by_pesel == found("M")


def test_deleted_patient_is_kept_and_shown_to_nobody() -> None:
    adt("A28", 1, person(mrn("A")))
    assert kinds(adt("A29", 3, person(mrn("A")))) == ["patient_deleted"]
    adt("A08", 2, person(mrn("A")))
    assert found("A").restricted_reason == "deleted"  # type: ignore[union-attr]
    adt("A31", 4, person(mrn("A")))
    assert found("A").restricted_reason == ""  # type: ignore[union-attr]


def test_quiet_sender_tells_nobody_s7() -> None:
    peer = Hl7Peer(name="load", is_quiet=True)
    adt(
        "A28",
        1,
        person(mrn("A"), email="a@example.org", mobile="600100200"),
        on=context(peer=peer, quiet=True),
    )
    one = found("A")
    assert one is not None
    assert (one.is_quiet, one.account, outbox()) == (True, None, [])


def test_replay_tells_nobody_and_marks_nobody() -> None:
    adt(
        "A28",
        1,
        person(mrn("A"), email="a@example.org", mobile="600100200"),
        on=context(quiet=True, replay=True),
    )
    one = found("A")
    assert one is not None
    assert (one.is_quiet, one.account, outbox()) == (False, None, [])


def test_contradicting_pesel_is_a_warning_only() -> None:
    here = adt("A28", 1, person(mrn("A"), PESEL))
    assert here.warnings == ["PID-3: the PESEL and PID-7 or PID-8 contradict each other"]
    false = Identifier("60022912342", namespace="PESEL", kind="NNPOL")
    assert "check digit" in adt("A28", 1, person(mrn("B"), false)).warnings[0]


def sample(name: str) -> Context:
    here = context()
    raw = (SAMPLES / name).read_bytes()
    message = reading.understood(reading.parsed(raw, None), clock.now())
    assert message is not None
    for content in message.contents:
        assert isinstance(content, Admission)
        admissions.apply(content, here)
    return here


@pytest.mark.parametrize("order", list(permutations(("adt_a28", "adt_a31", "adt_a40", "adt_a47"))))
def test_composed_samples_in_any_order(order: Sequence[str]) -> None:
    for name in (*order, *order):
        sample(f"{name}.hl7")
    one = found("000123")
    assert one is not None
    assert found("000999") == one
    assert one.family_name == "Żółć-Gęślą"
    assert one.mobile == "+48600100200"
    assert Account.objects.exclude(state="closed").count() == 1


def test_composed_child_has_a_mother_to_confirm() -> None:
    sample("adt_a28_child.hl7")
    proposal = GuardianProposal.objects.get()
    assert (proposal.family_name, proposal.given_name, proposal.relation) == ("Śnieżek", "Halina", "MTH")
    assert proposal.patient.account is None


def test_guardian_has_the_own_numbers() -> None:
    mother = Contact("Śnieżek", "Halina", "MTH", identifiers=(PESEL,))
    adt("A28", 1, person(mrn("K"), birth_date=date(2019, 7, 15), contacts=(mother,)))
    assert GuardianProposal.objects.get().identifiers == [[PESEL.issuer, PESEL.value]]
