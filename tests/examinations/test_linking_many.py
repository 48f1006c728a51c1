"""Section 5's cardinality cases: one accession with three studies, one study with two, and whose twin's it is."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from klisza.archive.models import Study
from klisza.base.errors import Refused
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import (
    Breach,
    Examination,
    ExaminationStudy,
    StudyDecision,
    StudyIntake,
)
from klisza.patients.models import Patient
from klisza.patients.services import merge

from .given import (
    SCRIPT,
    a_patient,
    a_report,
    a_series,
    a_study,
    mrn_of,
    the_examination,
    viewer,
)
from .ordered import PLANNED_AT, an_order, at, ordered

pytestmark = pytest.mark.django_db


def link(study: Study) -> StudyIntake:
    intake = services.link_study(study=study, by=SCRIPT)
    assert intake
    return intake


def in_list(patient: Patient) -> list[Examination]:
    return list(queries.visible(viewer(patient), purpose="list"))


def grouped(patient: Patient, *numbers: str, **fields: object) -> Study:
    """Chest and abdomen in one study; each series says which request it answers (0040,0275)."""
    study = a_study(patient, modalities=(), **fields)  # type: ignore[arg-type]
    for number in numbers:
        series = a_series(study, "CT", 1)
        series.requested_accessions = [[number, ""]]
        series.save()
    return study


class TestOneNumberThreeStudies:
    @pytest.mark.parametrize("when", [0, 1, 3])
    def test_they_are_one_examination(self, when: int) -> None:
        """A restart, or PET/CT; the order comes before, between or after them."""
        patient = a_patient()
        for number, modality in enumerate(("PT", "CT", "CT")):
            if number == when:
                an_order(patient)
            link(a_study(patient, modalities=(modality,), accession_number="A1"))
        if when == 3:
            an_order(patient)
        (examination,) = in_list(patient)
        assert (examination.kind, examination.images_received) == ("PT", 6)
        assert (examination.study_links.count(), examination.orders.count()) == (3, 1)


class TestOneStudyTwoNumbers:
    @pytest.mark.parametrize("order", list(itertools.permutations(("images", "chest", "abdomen"))))
    def test_it_belongs_to_two_examinations(self, order: tuple[str, ...]) -> None:
        patient = a_patient()
        for one in order:
            if one == "images":
                link(grouped(patient, "A1", "A2"))
            elif one == "chest":
                an_order(patient, filler_number="F1", accession_number="A1", procedure_code="CTKLP")
            else:
                an_order(patient, filler_number="F2", accession_number="A2", procedure_code="CTBRZ")
        found = {one.procedure_code: one for one in in_list(patient)}
        assert set(found) == {"CTKLP", "CTBRZ"}
        assert [one.images_received for one in found.values()] == [2, 2]

    @pytest.mark.parametrize("order", list(itertools.permutations(("images", "chest", "abdomen"))))
    def test_orders_that_name_the_study(self, order: tuple[str, ...]) -> None:
        """ZDS of both orders names it; the images bear neither number."""
        patient = a_patient()
        for one in order:
            if one == "images":
                link(a_study(patient, study_instance_uid="1.2.3"))
            else:
                number = {"chest": "A1", "abdomen": "A2"}[one]
                an_order(patient, filler_number=number, accession_number=number, study_instance_uid="1.2.3")
        assert [one.images_received for one in in_list(patient)] == [2, 2]
        assert ExaminationStudy.objects.count() == 2

    def test_without_orders_there_are_two_shells(self) -> None:
        patient = a_patient()
        link(grouped(patient, "A1", "A2"))
        assert [one.images_received for one in in_list(patient)] == [2, 2]

    def test_a_number_of_somebody_else_hides_it(self) -> None:
        patient = a_patient()
        an_order(a_patient(), accession_number="A2")
        assert link(grouped(patient, "A1", "A2")).reason == "accession_of_other_patient"
        assert in_list(patient) == []


class TestTheStudyIsNamed:
    @pytest.mark.parametrize("order", list(itertools.permutations(("order", "images"))))
    def test_its_uid_goes_before_its_number(self, order: tuple[str, ...]) -> None:
        """The modality sent a wrong accession number; the RIS knows the study."""
        patient = a_patient()
        for one in order:
            if one == "order":
                an_order(patient, accession_number="A1", study_instance_uid="1.2.3")
            else:
                link(a_study(patient, accession_number="A9", study_instance_uid="1.2.3"))
        (examination,) = Examination.objects.all()
        assert (examination.images, examination.orders.count()) == ("available", 1)

    def test_somebody_elses_study_is_unmatched(self) -> None:
        an_order(a_patient(), study_instance_uid="1.2.3")
        intake = link(a_study(a_patient(), study_instance_uid="1.2.3"))
        assert intake.reason == "study_of_other_patient"


class TestIssuers:
    def test_a_said_issuer_is_compared(self) -> None:
        """Two hospitals of one group, one patient, the same number."""
        patient = a_patient()
        patient.identifiers.create(issuer="H2", value="X1")
        here = ordered(an_order(patient, filler_number="F1", accession_number=("A1", "local")))
        there = ordered(an_order(patient, filler_number="F2", accession_number=("A1", "H2")))
        link(a_study(patient, accession_number="A1", accession_issuer="H2"))
        assert [one.study_links.count() for one in (here, there)] == [0, 1]

    def test_nobody_said_whose_number(self) -> None:
        patient = a_patient()
        patient.identifiers.create(issuer="H2", value="X1")
        examination = ordered(an_order(patient))
        link(a_study(patient, issuer="H2", patient_id="X1", accession_number="A1"))
        assert examination.study_links.count() == 1


class TestNoImagesOrNoReport:
    def test_a_report_alone(self) -> None:
        """Ultrasound documented on paper, a biopsy."""
        patient = a_patient()
        an_order(patient, modality="US", procedure_text="USG brzucha")
        a_report(patient, accession_number="A1")
        (examination,) = in_list(patient)
        assert (examination.state, examination.images, examination.report) == (
            "performed",
            "none",
            "available",
        )
        assert (examination.kind, examination.performed_at) == ("US", PLANNED_AT)

    def test_images_alone(self) -> None:
        """Screening archives, outside CDs: without order and report they are shown as they are."""
        patient = a_patient()
        link(a_study(patient))
        (examination,) = in_list(patient)
        assert (examination.state, examination.report) == ("performed", "none")

    def test_an_outside_prior_stands_for_itself(self) -> None:
        """Imported by the hospital under its own key, with the other place's name and number."""
        patient = a_patient()
        an_order(patient)
        link(a_study(patient, accession_number="OUT-1", institution_name="Szpital w Innym Mieście"))
        (prior,) = in_list(patient)
        assert (prior.place, prior.orders.count()) == ("Szpital w Innym Mieście", 0)

    def test_a_merged_patients_images(self) -> None:
        """The order under the old record, the images under the new one, the merge last."""
        old, new = a_patient(account=False), a_patient()
        an_order(old)
        assert link(a_study(new, accession_number="A1")).reason == "accession_of_other_patient"
        merge(survivor=new, other=old, by=SCRIPT)
        jobs.run_second_chances()
        (examination,) = in_list(new)
        assert (examination.images, examination.patient, examination.orders.count()) == ("available", old, 1)


class TestTwinsAndNewborns:
    @pytest.fixture
    def twins(self) -> tuple[Patient, Patient]:
        born = date(2020, 5, 1)
        return (
            a_patient(given_name="Zofia", birth_date=born),
            a_patient(given_name="Hanna", birth_date=born),
        )

    def test_a_twin_gets_only_her_own(self, twins: tuple[Patient, Patient]) -> None:
        for twin in twins:
            link(a_study(twin))
        assert [len(in_list(twin)) for twin in twins] == [1, 1]

    def test_the_others_name_in_the_images(self, twins: tuple[Patient, Patient]) -> None:
        """Same family name, same birth date: only the given name tells."""
        intake = link(a_study(twins[0], patient_name="Kowalczyk^Hanna"))
        assert (intake.outcome, intake.reason) == ("unmatched", "name_of_other_patient")
        assert in_list(twins[0]) == []

    def test_another_given_name_alone_warns(self) -> None:
        intake = link(a_study(a_patient(), patient_name="Kowalczyk^Zofia"))
        assert (intake.outcome, intake.reason) == ("linked", "given_name_differs")

    def test_a_newborn_under_the_mothers_number(self) -> None:
        mother = a_patient()
        assert link(a_study(mother, patient_birth_date=date(2026, 11, 19))).reason == "birth_date_differs"

    def test_a_newborn_without_pesel(self) -> None:
        """An extension of the mother's number is a number of its own."""
        mother = a_patient("M500")
        child = a_patient("M500-1", given_name="Córka", birth_date=date(2026, 11, 19))
        link(a_study(child))
        assert (in_list(mother), len(in_list(child))) == ([], 1)


class TestStaffDecide:
    def test_a_reason_is_needed(self) -> None:
        study, patient = a_study(patient_id="?"), a_patient()
        with pytest.raises(Refused):
            services.assign_study(study=study, patient=patient, by=SCRIPT, reason=" ")

    def test_an_unmatched_study_is_assigned(self) -> None:
        patient = a_patient()
        study = a_study(patient_id="TYPO", accession_number="A1")
        link(study)
        examination = ordered(an_order(patient))
        services.assign_study(study=study, patient=patient, by=SCRIPT, reason="telephone")
        assert in_list(patient) == [examination]
        assert ExaminationStudy.objects.get().how == "staff"

    def test_to_an_examination_of_another_number(self) -> None:
        patient = a_patient()
        examination = ordered(an_order(patient))
        study = a_study(patient, accession_number="A9")
        link(study)
        services.assign_study(study=study, examination=examination, by=SCRIPT, reason="same visit")
        assert in_list(patient) == [examination]

    def test_it_survives_every_new_look(self) -> None:
        """And rows made anew by a replay: the examination is found by its names."""
        patient = a_patient()
        study = a_study(patient_id="TYPO")
        services.assign_study(study=study, examination=ordered(an_order(patient)), by=SCRIPT, reason="seen")
        link(study)
        an_order(patient, at(5), ward="OTHER")
        assert len(in_list(patient)) == 1
        Examination.objects.all().delete()
        examination = ordered(an_order(patient, at(6)))
        link(study)
        assert in_list(patient) == [examination]

    def test_rejected_is_nobodys(self) -> None:
        patient = a_patient()
        study = a_study(patient)
        link(study)
        intake = services.reject_study(study=study, by=SCRIPT, reason="phantom")
        assert intake
        assert (intake.outcome, in_list(patient)) == ("rejected", [])
        study.revision = 2
        study.save()
        assert (jobs.run_linking(), in_list(patient)) == (1, [])

    def test_taken_back_the_rules_count(self) -> None:
        patient = a_patient()
        study = a_study(patient)
        services.reject_study(study=study, by=SCRIPT, reason="phantom")
        services.unassign(study=study, by=SCRIPT)
        assert len(in_list(patient)) == 1
        assert not StudyDecision.objects.exists()

    def test_it_leaves_whom_it_was_shown_to(self) -> None:
        wrong, right = a_patient(), a_patient()
        study = a_study(wrong)
        link(study)
        services.assign_study(study=study, patient=right, by=SCRIPT, reason="wrong label")
        assert (in_list(wrong), len(in_list(right))) == ([], 1)
        assert Breach.objects.get().examination == the_examination(wrong)


class TestProposals:
    def test_same_patient_modality_and_day(self) -> None:
        """Only proposed: the study stays in its shell."""
        patient = a_patient()
        alike = ordered(an_order(patient, scheduled_at=PLANNED_AT))
        an_order(patient, filler_number="F2", accession_number="A2", modality="MR", procedure_text="")
        study = a_study(patient, study_date=date(2026, 11, 24))
        link(study)
        assert queries.proposals(study) == [alike]
        assert alike.study_links.count() == 0

    def test_nobody_has_none(self) -> None:
        assert queries.proposals(a_study(patient_id="?")) == []

    def test_staff_have_somebody_in_mind(self) -> None:
        patient = a_patient()
        alike = ordered(an_order(patient))
        study = a_study(patient_id="TYPO", study_date=date(2026, 11, 24))
        assert queries.proposals(study, patient=patient) == [alike]


def test_a_moved_study_is_a_breach() -> None:
    """The PACS corrected its patient: who saw it under the first one is for the privacy officer."""
    first, second = a_patient(), a_patient()
    study = a_study(first)
    link(study)
    study.patient_id, study.revision = mrn_of(second), 2
    study.save()
    link(study)
    assert Breach.objects.get().cause == "moved_study"
