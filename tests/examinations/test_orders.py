"""ORM, OMI, OMG: what was said last of every procedure, and the examinations it leads to (2.4, 5; L7)."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from klisza.archive.models import Study
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import Breach, Examination, Order, StudyIntake
from klisza.examinations.services.matching import OfAnotherPatient
from klisza.examinations.services.orders import OrderTrouble, examination_for, place_waiting
from klisza.patients.models import Patient

from .given import (
    ISSUER,
    SCRIPT,
    a_patient,
    a_report,
    a_study,
    mrn_of,
    viewer,
)
from .ordered import PLANNED_AT, an_order, at, ordered, step

pytestmark = pytest.mark.django_db
HOURS = timedelta(hours=1)


def in_list(patient: Patient) -> list[Examination]:
    return list(queries.visible(viewer(patient), purpose="list"))


class TestWhatAnOrderMakes:
    def test_a_planned_examination_nobody_sees(self) -> None:
        patient = a_patient()
        examination = ordered(an_order(patient))
        assert (examination.state, examination.kind) == ("planned", "CT")
        assert (examination.performed_at, examination.ward_code) == (PLANNED_AT, "PORAD")
        assert examination.procedure_code == "CTKLP"
        assert in_list(patient) == []

    def test_planned_ones_show_by_setting(self, settings: pytest.FixtureRequest) -> None:
        patient = a_patient()
        examination = ordered(an_order(patient))
        settings.SHOW_PLANNED = True  # type: ignore[attr-defined]
        assert in_list(patient) == [examination]

    def test_performed_without_anything_stands_there(self) -> None:
        """5.1: with its status line and no icon."""
        patient = a_patient()
        examination = ordered(an_order(patient, status="performed", performed_at=PLANNED_AT + HOURS))
        assert (examination.state, examination.images, examination.report) == ("performed", "none", "none")
        assert examination.performed_at == PLANNED_AT + HOURS
        assert in_list(patient) == [examination]

    def test_said_twice_is_said_once(self) -> None:
        patient = a_patient()
        for _ in range(2):
            an_order(patient)
        assert (Order.objects.count(), Examination.objects.count()) == (1, 1)
        assert AuditEvent.objects.filter(action="order.received").count() == 1

    def test_text_of_the_ris_is_no_title(self) -> None:
        """The patient reads the kind's own plain name while nobody wrote one for the code."""
        assert ordered(an_order(a_patient())).title == ""

    def test_a_deleted_value_is_no_number(self) -> None:
        patient = a_patient()
        order = an_order(patient, placer_number='""', filler_number="F1")
        assert (order.placer_number, order.filler_number) == ("", "F1")


class TestTheNewestWordCounts:
    def test_an_older_message_changes_nothing(self) -> None:
        patient = a_patient()
        an_order(patient, at(10), scheduled_at=PLANNED_AT + HOURS, ward="NEW")
        order = an_order(patient, at(5), scheduled_at=PLANNED_AT, ward="OLD")
        assert (order.scheduled_at, order.ward_code) == (PLANNED_AT + HOURS, "NEW")

    def test_what_only_the_older_said_is_kept(self) -> None:
        patient = a_patient()
        an_order(patient, at(10), ward="", station="")
        order = an_order(patient, at(5), ward="OLD", station="CT1")
        assert (order.ward_code, order.station) == ("OLD", "CT1")

    def test_one_moment_goes_by_control_id(self) -> None:
        """Whatever arrives first."""
        ends = set()
        for first, second in (("A", "B"), ("B", "A")):
            patient = a_patient()
            for control in (first, second):
                order = an_order(
                    patient,
                    at(5, control),
                    filler_number=f"F-{patient.pk}",
                    accession_number="",
                    ward=control,
                )
            ends.add(order.ward_code)
        assert ends == {"B"}

    def test_any_order_of_status_messages(self) -> None:
        said = [
            (at(1), {"status": "planned"}),
            (at(2), {"status": "performed", "performed_at": PLANNED_AT}),
            (at(3), {"status": "planned"}),
        ]
        ends = set()
        for number, messages in enumerate(itertools.permutations(said)):
            patient = a_patient()
            for stamp, values in messages:
                order = an_order(
                    patient, stamp, filler_number=f"F{number}", accession_number=f"A{number}", **values
                )
            ends.add((order.state, ordered(order).state))
        assert ends == {("performed", "performed")}

    def test_what_was_cancelled_may_be_planned_anew(self) -> None:
        patient = a_patient()
        an_order(patient, at(1))
        assert an_order(patient, at(2), is_withdrawn=True).state == "cancelled"
        assert an_order(patient, at(1)).state == "cancelled"
        assert an_order(patient, at(3)).state == "planned"


class TestNumbers:
    def test_placer_then_filler_is_one_order(self) -> None:
        """A HIS orders with its own number; the RIS adds filler and accession number."""
        ends = set()
        said = [
            {"filler_number": "", "accession_number": ""},
            {"filler_number": "F9", "accession_number": "A9"},
        ]
        for number, messages in enumerate((said, said[::-1])):
            patient = a_patient()
            for values in messages:
                numbers = {name: value and f"{value}-{number}" for name, value in values.items()}
                an_order(patient, placer_number=f"P{number}", **numbers)
            order = Order.objects.get(patient=patient)
            ends.add((order.filler_number[:2], order.accession_number[:2], order.examinations.count()))
        assert ends == {("F9", "A9", 1)}

    def test_one_filler_over_two_procedures(self) -> None:
        """Grouped: chest and abdomen, an accession number each."""
        patient = a_patient()
        an_order(patient, accession_number="A1", procedure_code="CTKLP")
        an_order(patient, accession_number="A2", procedure_code="CTBRZ")
        assert (Order.objects.count(), Examination.objects.count()) == (2, 2)

    def test_a_new_accession_of_the_same_procedure(self) -> None:
        patient = a_patient()
        an_order(patient, at(1), accession_number="A1", requested_procedure_id="RP1")
        order = an_order(patient, at(2), accession_number="A2", requested_procedure_id="RP1")
        assert (order.accession_number, Order.objects.count()) == ("A2", 1)
        assert Examination.objects.count() == 1

    def test_two_orders_of_one_accession(self) -> None:
        patient = a_patient()
        an_order(patient, filler_number="F1")
        an_order(patient, filler_number="F2")
        assert Examination.objects.get().orders.count() == 2

    def test_the_same_numbers_of_two_systems(self) -> None:
        """Behind one sender: nothing moves from one patient to the other."""
        first, second = a_patient(), a_patient()
        an_order(first, filler_number=("F1", "RIS1"), accession_number=("A1", "RIS1"))
        an_order(second, at(5), filler_number=("F1", "RIS2"), accession_number=("A1", "RIS2"))
        assert {order.patient_id for order in Order.objects.all()} == {first.pk, second.pk}
        assert Examination.objects.count() == 2

    def test_an_application_name_is_no_contradiction(self) -> None:
        """IPC-1 says ACC^RIS, the images say ACC and the hospital as patient issuer."""
        patient = a_patient()
        examination = ordered(an_order(patient, accession_number=("A1", "RIS")))
        services.link_study(study=a_study(patient, accession_number="A1"), by=SCRIPT)
        assert examination.study_links.count() == 1


class TestCancelling:
    def test_nothing_visible_is_withdrawn(self) -> None:
        patient = a_patient()
        examination = ordered(an_order(patient, status="performed"))
        assert in_list(patient) == [examination]
        troubles: list[OrderTrouble] = []
        an_order(patient, at(5), is_withdrawn=True, troubles=troubles)
        examination.refresh_from_db()
        assert (examination.state, in_list(patient), troubles) == ("cancelled", [], [])

    def test_images_stay_and_staff_look(self) -> None:
        patient = a_patient()
        an_order(patient)
        services.link_study(study=a_study(patient, accession_number="A1"), by=SCRIPT)
        troubles: list[OrderTrouble] = []
        an_order(patient, at(5), is_withdrawn=True, troubles=troubles)
        (examination,) = in_list(patient)
        assert (examination.state, examination.images) == ("performed", "available")
        assert [(one.kind, one.examination) for one in troubles] == [("cancelled_but_visible", examination)]

    def test_images_after_the_cancellation_warn(self) -> None:
        patient = a_patient()
        an_order(patient, is_withdrawn=True)
        intake = services.link_study(study=a_study(patient, accession_number="A1"), by=SCRIPT)
        assert intake
        assert (intake.outcome, intake.reason) == ("linked", "order_cancelled")
        assert len(in_list(patient)) == 1

    def test_one_of_two_orders_cancelled(self) -> None:
        patient = a_patient()
        an_order(patient, filler_number="F1")
        an_order(patient, filler_number="F2", is_withdrawn=True)
        assert Examination.objects.get().state == "planned"


class TestAnotherPatient:
    """1.5, correction path 4: XO with another PID for the same order."""

    def test_the_planned_order_moves(self) -> None:
        wrong, right = a_patient(), a_patient()
        an_order(wrong)
        troubles: list[OrderTrouble] = []
        order = an_order(right, at(5), troubles=troubles)
        assert (order.patient, ordered(order).patient) == (right, right)
        assert [one.kind for one in troubles] == ["order_moved"]
        assert Order.objects.count() == 1

    def test_the_older_message_moves_nothing_back(self) -> None:
        wrong, right = a_patient(), a_patient()
        an_order(right, at(5))
        order = an_order(wrong, at(1))
        assert (order.patient, Examination.objects.filter(patient=wrong).count()) == (right, 0)

    def test_images_leave_in_the_same_transaction(self) -> None:
        """Their patient key still names the wrong one: nobody sees them until the PACS is corrected as well."""
        wrong, right = a_patient(), a_patient()
        an_order(wrong)
        study = a_study(wrong, accession_number="A1")
        services.link_study(study=study, by=SCRIPT)
        assert len(in_list(wrong)) == 1
        an_order(right, at(5))
        assert (in_list(wrong), in_list(right)) == ([], [])
        assert StudyIntake.objects.get().reason == "accession_of_other_patient"
        assert Breach.objects.get().was_visible
        study.patient_id, study.revision = mrn_of(right), 2
        study.save()
        services.link_study(study=study, by=SCRIPT)
        assert (in_list(wrong), len(in_list(right))) == ([], 1)

    def test_images_of_the_right_one_were_waiting(self) -> None:
        wrong, right = a_patient(), a_patient()
        an_order(wrong)
        intake = services.link_study(study=a_study(right, accession_number="A1"), by=SCRIPT)
        assert intake
        assert intake.reason == "accession_of_other_patient"
        order = an_order(right, at(5))
        assert in_list(right) == [ordered(order)]
        assert StudyIntake.objects.get().outcome == "linked"

    def test_a_report_left_behind_is_hidden(self) -> None:
        wrong, right = a_patient(), a_patient()
        an_order(wrong)
        a_report(wrong, accession_number="A1")
        assert len(in_list(wrong)) == 1
        an_order(right, at(5))
        left = Examination.objects.get(patient=wrong)
        assert (in_list(wrong), left.hidden_reason, left.accession_number) == ([], "order_moved", "")

    def test_moved_by_mistake_and_back(self) -> None:
        one, other = a_patient(), a_patient()
        an_order(one)
        a_report(one, accession_number="A1")
        before = in_list(one)
        an_order(other, at(5))
        an_order(one, at(9))
        assert (in_list(one), in_list(other)) == (before, [])
        assert in_list(one)[0].report == "available"

    def test_somebody_elses_accession_is_not_linked(self) -> None:
        """Another order with another filler number: no correction, staff look at it."""
        first, second = a_patient(), a_patient()
        an_order(first, filler_number="F1")
        troubles: list[OrderTrouble] = []
        order = an_order(second, at(5), filler_number="F2", troubles=troubles)
        assert [one.kind for one in troubles] == ["accession_of_other_patient"]
        assert not order.examinations.exists()
        assert Examination.objects.get().patient == first

    def test_it_is_placed_once_the_two_are_one(self) -> None:
        """L8: the merge comes last."""
        first, second = a_patient(), a_patient(account=False)
        an_order(first, filler_number="F1")
        order = an_order(second, at(5), filler_number="F2")
        assert place_waiting(9, by=SCRIPT) == 0
        later = clock.now() + timedelta(seconds=1)
        Patient.objects.filter(pk=second.pk).update(survivor=first, updated_at=later)
        assert place_waiting(9, by=SCRIPT) == 1
        assert ordered(order) == Examination.objects.get()

    def test_an_order_beats_images_of_another(self) -> None:
        """Images said B, then the order says A: shown to nobody, as when the order comes first."""
        for images_first in (True, False):
            ordered_for, pictured = a_patient(), a_patient()
            number = f"A-{images_first}"
            study = a_study(pictured, accession_number=number)
            steps = [
                lambda study=study: services.link_study(study=study, by=SCRIPT),
                lambda who=ordered_for, number=number: an_order(
                    who, filler_number=number, accession_number=number
                ),
            ]
            for run in steps if images_first else steps[::-1]:
                run()
            assert (in_list(ordered_for), in_list(pictured)) == ([], [])
            assert StudyIntake.objects.get(study=study).reason == "accession_of_other_patient"


class TestReportsOnOrders:
    """An OBR of an ORU says what an order says, but it corrects nobody's patient."""

    def test_it_finds_the_order(self) -> None:
        patient = a_patient()
        examination = ordered(an_order(patient))
        assert self.named(patient, accession_number="") == examination

    def test_it_makes_what_nobody_ordered(self) -> None:
        patient = a_patient()
        examination = self.named(patient, status="performed", performed_at=PLANNED_AT)
        assert (examination.state, examination.performed_at) == ("performed", PLANNED_AT)
        assert ordered(an_order(patient, at(1))) == examination

    def test_a_study_alone_is_enough(self) -> None:
        patient = a_patient()
        study = a_study(patient)
        services.link_study(study=study, by=SCRIPT)
        found = self.named(
            patient, filler_number="", accession_number="", study_instance_uid=study.study_instance_uid
        )
        assert found == Examination.objects.get()

    def test_somebody_elses_order_stays(self) -> None:
        first, second = a_patient(), a_patient()
        order = an_order(first)
        with pytest.raises(OfAnotherPatient):
            self.named(second)
        order.refresh_from_db()
        assert order.patient == first

    def test_whose_it_is_only_orders_say(self) -> None:
        """The report said B before the order said A: nobody reads it, as when the order comes first."""
        one, other = a_patient(), a_patient()
        self.named(other, status="performed")
        a_report(other, accession_number="A1")
        assert len(in_list(other)) == 1
        an_order(one)
        assert (in_list(one), in_list(other)) == ([], [])
        with pytest.raises(OfAnotherPatient):
            self.named(other)
        an_order(other, at(5))
        assert (in_list(one), len(in_list(other))) == ([], 1)

    def named(self, patient: Patient, **said: object) -> Examination:
        return examination_for(
            patient=patient, step=step(**said), stamp=at(9), issuer=ISSUER, origin="", by=SCRIPT
        )


class TestTwoTurnOutToBeOne:
    def test_images_then_another_name_of_theirs(self) -> None:
        """Images made a shell; the examination of the order learns their study's UID only later."""
        patient = a_patient()
        study = a_study(patient, accession_number="")
        services.link_study(study=study, by=SCRIPT)
        first = ordered(an_order(patient, at(1)))
        assert Examination.objects.count() == 2
        an_order(patient, at(2), study_instance_uid=study.study_instance_uid)
        examination = Examination.objects.get()
        assert (examination.images, examination.orders.count()) == ("available", 1)
        assert {"accession", "filler", "study"} <= {row.kind for row in examination.identifiers.all()}
        assert first.pk != examination.pk  # what the patient saw already keeps its address
        assert AuditEvent.objects.filter(action="examination.absorbed").count() == 1

    def test_a_report_on_a_number_joins_too(self) -> None:
        """The order brings together what images and report alone could not know."""
        patient = a_patient()
        study = a_study(patient, accession_number="")
        services.link_study(study=study, by=SCRIPT)
        a_report(patient, accession_number="A1")
        assert len(in_list(patient)) == 2
        an_order(patient, study_instance_uid=study.study_instance_uid)
        (examination,) = in_list(patient)
        assert (examination.images, examination.report) == ("available", "available")

    def test_images_bring_the_number(self) -> None:
        """The order names the study only, the report the number only."""
        for order_of_steps in itertools.permutations(("order", "report", "images")):
            patient = a_patient()
            uid, number = f"1.2.{patient.pk.int}"[:60], f"A-{patient.pk}"[:16]
            study = None
            for one in order_of_steps:
                if one == "order":
                    an_order(patient, filler_number=number, accession_number="", study_instance_uid=uid)
                elif one == "report":
                    a_report(patient, accession_number=number)
                else:
                    study = a_study(patient, accession_number=number, study_instance_uid=uid)
                    services.link_study(study=study, by=SCRIPT)
            (examination,) = in_list(patient)
            assert (examination.images, examination.report) == ("available", "available"), order_of_steps


def state_of(patient: Patient) -> list[tuple[object, ...]]:
    return sorted(
        (
            one.kind, one.state, one.performed_at, one.procedure_code, one.ward_code, one.images,
            one.images_received, one.report, one.visible, one.accession_number, one.title, one.hidden_reason,
            one.orders.count(), len(queries.study_ids(one)),
        )
        for one in Examination.objects.filter(patient=patient)
    )  # fmt: skip


@pytest.mark.parametrize("names_study", [True, False])
def test_all_orders_end_in_one_state(names_study: bool) -> None:
    """L7: the 24 orders of {ADT, ORM, images, ORU}; a message about somebody unknown waits and comes again."""
    ends = set()
    for number, order in enumerate(itertools.permutations(("adt", "order", "images", "report"))):
        mrn, uid, accession = f"L7-{number}", f"1.2.9.{number}", f"ACC{number}"
        waiting: list[str] = []
        patient: Patient | None = None
        for message in order:
            waiting.append(message)
            if message == "adt":
                patient = a_patient(mrn, account=False)
            for one in [each for each in waiting if each == "images" or patient]:
                waiting.remove(one)
                if one == "images":
                    a_study(
                        patient_id=mrn, patient_birth_date=None, accession_number=accession, study_instance_uid=uid
                    )  # fmt: skip
                elif one == "order" and patient:
                    named = {"study_instance_uid": uid} if names_study else {}
                    an_order(patient, filler_number=accession, accession_number=accession, **named)
                elif one == "report" and patient:
                    examination_for(
                        patient=patient,
                        step=step(filler_number=accession, accession_number=accession, status="performed"),
                        stamp=at(30), issuer=ISSUER, origin="", by=SCRIPT,
                    )  # fmt: skip
                    a_report(patient, accession_number=accession)
            jobs.run_linking()
            jobs.run_second_chances()
        assert patient
        (end,) = state_of(patient)
        ends.add((*end[:9], *end[10:]))
    assert len(ends) == 1
    (end,) = ends
    assert end[5:8] == ("available", 2, "available")


def test_orders_required_hides_shells(settings: pytest.FixtureRequest) -> None:
    """Images without order or report wait for one, where the site says so."""
    settings.ORDERS_REQUIRED = True  # type: ignore[attr-defined]
    patient = a_patient()
    services.link_study(study=a_study(patient, accession_number="A1"), by=SCRIPT)
    assert Examination.objects.get().hidden_reason == "no_order"
    assert in_list(patient) == []
    an_order(patient)
    assert len(in_list(patient)) == 1


def test_a_report_lifts_it_as_well(settings: pytest.FixtureRequest) -> None:
    settings.ORDERS_REQUIRED = True  # type: ignore[attr-defined]
    patient = a_patient()
    services.link_study(study=a_study(patient, accession_number="A1"), by=SCRIPT)
    a_report(patient, accession_number="A1")
    assert len(in_list(patient)) == 1


def test_an_arriving_study_waits_for_its_order() -> None:
    patient = a_patient()
    a_study(patient, accession_number="A1", state=Study.State.RECEIVING)
    jobs.run_early_linking()
    shell = Examination.objects.get()
    assert ordered(an_order(patient)) == shell
