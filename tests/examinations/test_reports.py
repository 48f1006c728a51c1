"""Versions of a report: what counts, what is a repetition, what withdraws."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from klisza.base.errors import BadMessage
from klisza.documents.models import Document
from klisza.examinations import queries
from klisza.examinations.models import Examination, ReportState, ReportVersion
from klisza.examinations.queries.names import Name
from klisza.examinations.services import matching
from klisza.standards.hl7v2.facts import Section

from .given import a_patient, a_report, a_study, an_examination, moment, pdf, the_examination, viewer

pytestmark = pytest.mark.django_db


def shown(examination: Examination) -> list[ReportVersion]:
    return [one.version for one in queries.shown_reports(examination)]


def test_a_report_before_its_images() -> None:
    patient = a_patient()
    version = a_report(patient, title="Biopsja gruboigłowa piersi")
    examination = the_examination(patient)
    assert (examination.report, examination.kind, examination.visible) == (ReportState.AVAILABLE, "BX", True)
    assert shown(examination) == [version]


def test_a_report_joins_its_images() -> None:
    patient = a_patient()
    examination = an_examination(patient, accession_number="ACC1")
    assert a_report(patient).report.examination == examination


def test_a_report_names_the_study() -> None:
    patient = a_patient()
    study = a_study(patient)
    version = a_report(patient, accession_number="", study_instance_uid=study.study_instance_uid)
    assert version.report.examination.study_instance_uid == study.study_instance_uid


def test_the_same_bytes_again_change_nothing() -> None:
    """L6"""
    patient, body = a_patient(), pdf()
    first = a_report(patient, pdf=body)
    assert [a_report(patient, pdf=body) for _ in range(2)] == [first, first]
    assert a_report(patient, pdf=body, key="another source") == first
    assert Document.objects.count() == 1


def test_a_preliminary_report_is_not_shown() -> None:
    patient = a_patient()
    a_report(patient, status="P")
    examination = the_examination(patient)
    assert (examination.report, shown(examination)) == (ReportState.PENDING, [])


def test_final_replaces_preliminary_with_the_same_bytes() -> None:
    patient, body = a_patient(), pdf()
    a_report(patient, status="P", pdf=body)
    version = a_report(patient, status="F", pdf=body)
    assert shown(the_examination(patient)) == [version]


def test_a_late_preliminary_replaces_nothing() -> None:
    patient = a_patient()
    final = a_report(patient)
    a_report(patient, status="P", issued_at=moment(22))
    assert shown(the_examination(patient)) == [final]


def test_a_correction_takes_effect() -> None:
    patient = a_patient()
    a_report(patient)
    corrected = a_report(patient, status="C")
    assert shown(the_examination(patient)) == [corrected]
    assert the_examination(patient).report == ReportState.CORRECTED


def test_a_late_original_does_not_undo_it() -> None:
    patient = a_patient()
    corrected = a_report(patient, status="C", issued_at=moment(22))
    a_report(patient, status="F", issued_at=moment(21))
    assert shown(the_examination(patient)) == [corrected]


def test_a_withdrawn_report_is_gone() -> None:
    """N13: with nothing else to show, the examination leaves the list."""
    patient, body = a_patient(), pdf()
    a_report(patient, pdf=body)
    a_report(patient, status="X", pdf=body)
    examination = the_examination(patient)
    assert (examination.report, examination.visible) == (ReportState.WITHDRAWN, False)
    assert not queries.reports_of(viewer(patient))
    assert not Document.objects.filter(withdrawn_at=None).exists()


def test_a_late_original_does_not_revive_it() -> None:
    patient = a_patient()
    a_report(patient, status="X", issued_at=moment(22))
    a_report(patient, status="F", issued_at=moment(21))
    assert the_examination(patient).report == ReportState.WITHDRAWN


@pytest.mark.parametrize(
    "wrong",
    [
        lambda patient: a_report(patient, pdf=b"MZ not a PDF"),
        lambda patient: a_report(patient, status="Q"),
        lambda patient: a_report(patient, accession_number=""),
    ],
)
def test_nonsense_is_refused(wrong: Callable[[object], object]) -> None:
    with pytest.raises(BadMessage):
        wrong(a_patient())


def test_the_accession_of_somebody_else_is_refused() -> None:
    a_report(a_patient())
    with pytest.raises(BadMessage, match="another patient"):
        a_report(a_patient())


def test_the_examination_keeps_its_own_date() -> None:
    patient = a_patient()
    a_report(patient, issued_at=moment(25), performed_at=moment(5))
    assert the_examination(patient).performed_at == moment(5)


def test_an_order_names_it_by_another_number() -> None:
    """A grouped examination has several accession numbers; its columns hold one."""
    patient = a_patient()
    examination = an_examination(patient, accession_number="ACC1")
    matching.add_names(examination, [Name("accession", "ACC1"), Name("accession", "ACC9")])
    assert a_report(patient, accession_number="ACC9").report.examination == examination


def test_text_and_documents_make_the_content() -> None:
    """The same text with another document is another version."""
    patient, body, text = a_patient(), pdf(), (Section("", "Opis", ("Tekst.",)),)
    first = a_report(patient, pdf=body, sections=text)
    assert a_report(patient, pdf=body, sections=text) == first
    assert a_report(patient, pdf=pdf(), sections=text) != first


def test_bytes_known_already_are_one_document() -> None:
    patient, body = a_patient(), pdf()
    a_report(patient, pdf=body, status="P")
    a_report(patient, pdf=body, sections=(Section("", "", ("Tekst.",)),))
    assert Document.objects.count() == 1
