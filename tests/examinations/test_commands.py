"""klisza patient upsert, klisza report add: what scripts rely on (architecture.md 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from klisza.examinations import queries
from klisza.examinations.models import Examination, ReportState
from klisza.patients.models import Patient

from .given import ISSUER, a_patient, an_examination, mrn_of, pdf, the_examination

pytestmark = pytest.mark.django_db
ANNA = ("--family", "Kowalczyk", "--given", "Anna", "--birth-date", "1958-03-21")


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def report(tmp_path: Path) -> str:
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf())
    return str(path)


class TestPatientUpsert:
    def test_contacts_make_an_account(self) -> None:
        answer = run(
            "patient", "upsert", "--id", "M1", *ANNA, "--email", "a@example.org", "--mobile", "+48600100200"
        )
        patient = Patient.objects.get()
        assert answer == f"patient {patient.pk} with an account\n"
        assert queries.owner_of(ISSUER, "M1") == patient

    def test_again_corrects_the_same(self) -> None:
        run("patient", "upsert", "--id", "M1", *ANNA)
        run(
            "patient",
            "upsert",
            "--id",
            "M1",
            "--family",
            "Nowak",
            "--given",
            "Anna",
            "--birth-date",
            "1958-03-22",
        )
        patient = Patient.objects.get()
        assert (patient.family_name, patient.birth_date) == ("Nowak", date(1958, 3, 22))

    def test_the_issuer_is_part_of_the_key(self) -> None:
        run("patient", "upsert", "--id", "M1", *ANNA)
        run("patient", "upsert", "--id", "M1", "--issuer", "other", *ANNA)
        assert Patient.objects.count() == 2

    @pytest.mark.parametrize("wrong", [("--birth-date", "21.03.1958"), ("--sex", "K"), ("--language", "de")])
    def test_nonsense_names_its_option(self, wrong: tuple[str, str]) -> None:
        with pytest.raises(CommandError, match=wrong[0]):
            run("patient", "upsert", "--id", "M1", *ANNA, *wrong)


class TestReportAdd:
    def test_by_accession(self, report: str) -> None:
        patient = a_patient()
        an_examination(patient, accession_number="A7")
        answer = run("report", "add", "--id", mrn_of(patient), "--accession", "A7", "--file", report)
        examination = the_examination(patient)
        assert answer == f"examination {examination.pk} report version 1 (final)\n"
        assert examination.report == ReportState.AVAILABLE

    def test_by_study(self, report: str) -> None:
        patient = a_patient()
        an_examination(patient, study_instance_uid="1.2.840.77")
        run(
            "report",
            "add",
            "--id",
            mrn_of(patient),
            "--study-uid",
            "1.2.840.77",
            "--file",
            report,
            "--status",
            "P",
        )
        assert Examination.objects.get().report == ReportState.PENDING

    def test_times_are_the_hospitals_own(self, report: str) -> None:
        patient = a_patient()
        order = ("--id", mrn_of(patient), "--accession", "A7", "--file", report)
        run(
            "report",
            "add",
            *order,
            "--issued",
            "2026-07-01T10:00",
            "--performed",
            "2026-06-30",
            "--title",
            "Opis",
        )
        shown = queries.shown_reports(the_examination(patient))[0]
        assert shown.version.issued_at == datetime(2026, 7, 1, 8, tzinfo=UTC)
        assert shown.document.title == "Opis"
        assert the_examination(patient).performed_at == datetime(2026, 6, 29, 22, tzinfo=UTC)

    def test_a_second_file_corrects_the_first(self, report: str, tmp_path: Path) -> None:
        patient = a_patient()
        order = ("report", "add", "--id", mrn_of(patient), "--accession", "A7")
        run(*order, "--file", report)
        (tmp_path / "second.pdf").write_bytes(pdf())
        assert "version 2 (corrected)" in run(*order, "--file", str(tmp_path / "second.pdf"), "--status", "C")

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--id", "NOBODY", "--accession", "A7"), "no patient"),
            (("--id", "M1"), "required"),
            (("--id", "M1", "--accession", "A7", "--study-uid", "1.2"), "not allowed"),
            (("--id", "M1", "--accession", "A7", "--status", "Z"), "--status"),
            (("--id", "M1", "--accession", "A7", "--issued", "yesterday"), "--issued"),
        ],
    )
    def test_errors_say_what_is_wrong(self, words: tuple[str, ...], message: str, report: str) -> None:
        a_patient("M1")
        with pytest.raises(CommandError, match=message):
            run("report", "add", *words, "--file", report)

    @pytest.mark.parametrize(
        ("name", "message"), [("missing.pdf", "cannot be read"), ("text.pdf", "not a PDF")]
    )
    def test_a_file_that_is_none(self, name: str, message: str, tmp_path: Path) -> None:
        a_patient("M1")
        (tmp_path / "text.pdf").write_text("no")
        with pytest.raises(CommandError, match=message):
            run("report", "add", "--id", "M1", "--accession", "A7", "--file", str(tmp_path / name))


def test_ids_leave_no_trace_in_the_answer(report: Any) -> None:
    patient = a_patient("85032112345")
    assert "85032112345" not in run(
        "report", "add", "--id", mrn_of(patient), "--accession", "A7", "--file", report
    )
