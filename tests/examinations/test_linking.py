"""R60, L6, L7: the right patient or nobody, whatever the order."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from klisza.archive.models import Study
from klisza.base import clock
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import Examination, ExaminationStudy, Images, StudyIntake
from klisza.patients.models import Patient
from klisza.patients.services import merge, undo_merge

from .given import (
    ISSUER,
    SCRIPT,
    a_patient,
    a_report,
    a_series,
    a_study,
    an_examination,
    mrn_of,
    pdf,
    the_examination,
    viewer,
)

pytestmark = pytest.mark.django_db


def link(study: Study) -> StudyIntake:
    intake = services.link_study(study=study, by=SCRIPT)
    assert intake
    return intake


def test_a_study_joins_its_patient() -> None:
    patient = a_patient()
    intake = link(a_study(patient, images=3))
    examination = the_examination(patient)
    assert (intake.outcome, examination.kind, examination.images_received) == ("linked", "CT", 3)
    assert examination.images == Images.AVAILABLE
    assert list(queries.visible(viewer(patient), purpose="list")) == [examination]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"patient_id": ""}, "no_patient_id"),
        ({"patient_id": "SOMEBODY"}, "unknown_patient"),
        ({"issuer": "another-hospital"}, "unknown_patient"),
        ({"patient_birth_date": date(1985, 3, 21)}, "birth_date_differs"),
        ({"patient_name": "Nowak^Piotr"}, "name_differs"),
    ],
)
def test_what_does_not_match_is_hidden(fields: dict[str, object], reason: str) -> None:
    """R60"""
    patient = a_patient()
    intake = link(a_study(patient, **fields))
    assert (intake.outcome, intake.reason) == ("unmatched", reason)
    assert not Examination.objects.exists()


def test_another_family_name_warns_staff() -> None:
    patient = a_patient()
    intake = link(a_study(patient, patient_name="Nowak^Anna"))
    assert (intake.outcome, intake.reason) == ("linked", "family_name_differs")


def test_an_accession_of_somebody_else_is_unmatched() -> None:
    an_examination(a_patient(), accession_number="A7")
    other = a_patient()
    intake = link(a_study(other, accession_number="A7"))
    assert intake.reason == "accession_of_other_patient"
    assert not Examination.objects.filter(patient=other).exists()


def test_three_studies_of_one_order() -> None:
    patient = a_patient()
    for modality in ("PT", "CT", "CT"):
        link(a_study(patient, modalities=(modality,), accession_number="A7"))
    examination = Examination.objects.get(patient=patient)
    assert (examination.kind, examination.images_received) == ("PT", 6)


def test_the_same_accession_elsewhere_is_another() -> None:
    patient = a_patient()
    an_examination(patient, accession_number="A7")
    patient.identifiers.create(issuer="other", value="X1")
    link(a_study(patient, issuer="other", patient_id="X1", accession_number="A7"))
    assert Examination.objects.filter(patient=patient).count() == 2


def test_text_objects_are_no_images() -> None:
    examination = an_examination(a_patient(), modalities=("SR", "KO", "DOC"))
    assert (examination.images, examination.images_received, examination.visible) == (Images.NONE, 0, False)


def test_radiotherapy_plans_are_not_shown() -> None:
    patient = a_patient()
    intake = link(a_study(patient, modalities=("RTPLAN", "RTSTRUCT")))
    assert intake.outcome == "not_shown"
    assert not queries.visible(viewer(patient), purpose="list").exists()


def test_an_arriving_study_stands_in_the_list() -> None:
    """N14: the count grows before the study settles, and no intake closes it."""
    patient = a_patient()
    study = a_study(patient, state=Study.State.RECEIVING, images=1)
    assert jobs.run_early_linking() == 0
    a_series(study, "CT", 4)
    jobs.run_early_linking()
    examination = the_examination(patient)
    assert (examination.images, examination.images_received) == (Images.RECEIVING, 5)
    assert not StudyIntake.objects.exists()


def test_settled_studies_are_linked_once() -> None:
    study = a_study(a_patient())
    assert (jobs.run_linking(), jobs.run_linking()) == (1, 0)
    Study.objects.filter(pk=study.pk).update(revision=2)
    assert (jobs.run_linking(), Examination.objects.count(), ExaminationStudy.objects.count()) == (1, 1, 1)


def test_unmatched_is_tried_again_with_its_patient() -> None:
    link(a_study(patient_id="M77", patient_birth_date=date(1958, 3, 21)))
    assert jobs.run_second_chances() == 0
    patient = a_patient("M77")
    assert (jobs.run_second_chances(), jobs.run_second_chances()) == (1, 0)
    assert the_examination(patient).visible


def test_a_corrected_birth_date_helps() -> None:
    patient = a_patient(birth_date=date(1985, 3, 21))
    link(a_study(patient, patient_birth_date=date(1958, 3, 21)))
    later = clock.now() + timedelta(seconds=1)
    Patient.objects.filter(pk=patient.pk).update(birth_date=date(1958, 3, 21), updated_at=later)
    assert jobs.run_second_chances() == 1
    assert the_examination(patient).visible


def test_a_study_that_stops_matching_disappears() -> None:
    """A re-sent study of another person leaves the first one's list in the same transaction."""
    first, second = a_patient(), a_patient(family_name="Nowak", given_name="Piotr")
    study = a_study(first)
    link(study)
    study.patient_id, study.patient_name, study.revision = mrn_of(second), "Nowak^Piotr", 2
    study.save()
    link(study)
    assert not queries.visible(viewer(first), purpose="list").exists()
    assert queries.visible(viewer(second), purpose="list").count() == 1


@pytest.mark.parametrize("order", list(itertools.permutations(["patient", "images", "report", "images2"])))
def test_any_order_ends_the_same(order: tuple[str, ...]) -> None:
    """L7 (light): patient, images and report in every order.

    A report needs its patient first and is sent again.
    """
    body = pdf("the report")
    pending = [*order]
    for step in [*order, *order]:
        if step == "patient" and "patient" in pending:
            a_patient("M1")
            pending.remove("patient")
        elif step in ("images", "images2") and step in pending:
            a_study(
                patient_id="M1",
                patient_birth_date=date(1958, 3, 21),
                accession_number="A1",
                study_instance_uid=f"1.2.{step[6:] or 1}",
            )
            pending.remove(step)
        elif step == "report" and "patient" not in pending:
            owner = queries.owner_of(ISSUER, "M1")
            assert owner
            a_report(owner, accession_number="A1", pdf=body)
        jobs.run_linking()
        jobs.run_second_chances()
    examination = Examination.objects.get()
    state = (
        examination.images,
        examination.report,
        examination.images_received,
        examination.kind,
        examination.visible,
    )
    assert state == ("available", "available", 4, "CT", True)
    assert examination.performed_at.date() == date(2026, 11, 20)
    assert examination.reports.get().versions.count() == 1


def correct(patient: Patient, **fields: object) -> None:
    """As ADT does, a minute after the studies were looked at: values and `updated_at` move together."""
    StudyIntake.objects.update(at=clock.now() - timedelta(minutes=1))
    Patient.objects.filter(pk=patient.pk).update(**fields, updated_at=clock.now())


class TestACorrectedPatient:
    """R60: what was linked is looked at again when the patient's identity changes."""

    def test_another_birth_date_takes_it_away(self) -> None:
        patient = a_patient()
        examination = an_examination(patient)
        assert jobs.run_second_chances() == 0
        correct(patient, birth_date=date(1985, 3, 21))
        assert jobs.run_second_chances() == 1
        assert StudyIntake.objects.get().reason == "birth_date_differs"
        assert not queries.study_ids(examination)
        assert not queries.visible(viewer(patient), purpose="list").exists()

    def test_both_other_names_take_it_away(self) -> None:
        patient = a_patient()
        an_examination(patient)
        correct(patient, family_name="Nowak", given_name="Piotr")
        jobs.run_second_chances()
        assert not queries.visible(viewer(patient), purpose="list").exists()

    def test_a_new_family_name_takes_nothing(self) -> None:
        patient = a_patient()
        examination = an_examination(patient)
        correct(patient, family_name="Nowak")
        assert (jobs.run_second_chances(), jobs.run_second_chances()) == (1, 0)
        assert list(queries.visible(viewer(patient), purpose="list")) == [examination]

    @pytest.mark.parametrize("merges", [1, 2])
    def test_a_merged_record_follows_its_survivor(self, merges: int) -> None:
        patient = survivor = a_patient(account=False)
        an_examination(patient)
        for _ in range(merges):
            other = a_patient(account=False)
            Patient.objects.filter(pk=survivor.pk).update(survivor=other)
            survivor = other
        correct(survivor, birth_date=date(1985, 3, 21))
        assert jobs.run_second_chances() == 1
        assert StudyIntake.objects.get().outcome == "unmatched"

    def test_a_worker_that_was_away_catches_up(self) -> None:
        patient = a_patient()
        an_examination(patient)
        long_ago = clock.now() - timedelta(days=30)
        Patient.objects.filter(pk=patient.pk).update(birth_date=date(1985, 3, 21), updated_at=long_ago)
        StudyIntake.objects.update(at=long_ago - timedelta(days=1))
        assert jobs.run_second_chances() == 0
        assert jobs.run_missed_corrections() == 1
        assert StudyIntake.objects.get().outcome == "unmatched"

    def test_it_comes_back_when_corrected_again(self) -> None:
        patient = a_patient()
        examination = an_examination(patient, accession_number="A7")
        correct(patient, birth_date=date(1985, 3, 21))
        jobs.run_second_chances()
        correct(patient, birth_date=date(1958, 3, 21))
        jobs.run_second_chances()
        assert list(queries.visible(viewer(patient), purpose="list")) == [examination]

    def test_an_undone_merge_parts_the_studies(self) -> None:
        """R61: a study that joined the other record's examination leaves it again."""
        first, second = a_patient(), a_patient(account=False)
        merge(survivor=first, other=second, by=SCRIPT)
        an_examination(first, accession_number="A7")
        link(a_study(second, accession_number="A7", images=5))
        StudyIntake.objects.update(at=clock.now() - timedelta(minutes=1))
        undo_merge(other=second, by=SCRIPT)
        assert jobs.run_second_chances() == 2
        assert [one.images_received for one in queries.visible(viewer(first), purpose="list")] == [2]


class TestAStudyThatMoves:
    """From the wrong patient to the right one, with the accession number every study has."""

    def moved(self, study: Study, to: Patient) -> StudyIntake:
        study.patient_id, study.patient_name = mrn_of(to), f"{to.family_name}^{to.given_name}"
        study.revision += 1
        study.save()
        return link(study)

    def test_an_empty_shell_holds_nobody_back(self) -> None:
        first, second = a_patient(), a_patient()
        study = a_study(first, accession_number="A7")
        link(study)
        assert self.moved(study, second).outcome == "linked"
        assert queries.visible(viewer(second), purpose="list").count() == 1
        left = Examination.objects.get(patient=first)
        assert (left.visible, left.images_received) == (False, 0)

    def test_a_report_is_filed_past_an_empty_shell(self) -> None:
        first, second = a_patient(), a_patient()
        study = a_study(first, accession_number="ACC1")
        link(study)
        self.moved(study, second)
        assert a_report(second).report.examination.patient == second

    def test_the_second_study_frees_the_first(self) -> None:
        first, second = a_patient(), a_patient()
        studies = [a_study(first, accession_number="A7") for _ in range(2)]
        for study in studies:
            link(study)
        assert self.moved(studies[0], second).reason == "accession_of_other_patient"
        assert self.moved(studies[1], second).outcome == "linked"
        jobs.run_second_chances()
        assert the_examination(second).study_links.count() == 2
