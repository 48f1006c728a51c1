"""Reports on the screen: text as text, several documents, supplements, history, and what is saved of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.test import Client
from django.urls import reverse

from klisza.audit.actor import SYSTEM
from klisza.blobs import services as blobs
from klisza.documents import jobs, services
from klisza.documents.services import CDA, JPEG, Enclosure
from klisza.examinations import queries
from klisza.examinations.models import Examination
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Section, Stamp
from tests.accounts.people import sign_in

from .given import a_patient, a_report, an_examination, moment, pdf, the_examination, viewer

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parent.parent / "data" / "documents" / "opis-cda.xml"
TEXT = (
    Section(
        "18782-3", "Radiology Study observation", ("Płuca bez zmian.\nŚródpiersie prawidłowe.", "Opłucna.")
    ),
    Section("19005-8", "Impression", ("Obraz prawidłowy.",)),
)


@pytest.fixture
def patient() -> Patient:
    return a_patient()


@pytest.fixture
def client(client: Client, patient: Patient) -> Client:
    sign_in(client, patient.account)
    return client


def a_text(patient: Patient, day: int = 21, **fields: Any) -> Examination:
    values = {"sections": TEXT, "source": "oru", "stamp": Stamp(moment(day)), "issued_at": moment(day)}
    version = a_report(patient, pdf=b"", **{**values, **fields})
    return Examination.objects.get(pk=version.report.examination_id)


def html_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def detail(client: Client, examination: Examination) -> str:
    return html_of(client, f"/examinations/{examination.pk}/")


def address(examination: Examination, name: str, **more: Any) -> str:
    version = queries.shown_reports(examination)[0].version
    return reverse(f"examinations:{name}", args=[examination.pk, version.pk, *more.values()])


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def words_of(made: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(made))
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


class TestText:
    """S25, T-115"""

    def test_sections_are_headings_in_plain_words(self, client: Client, patient: Patient) -> None:
        html = detail(client, a_text(patient))
        assert "<h3>Opis</h3>" in html
        assert "<h3>Wniosek</h3>" in html
        assert "<p>Płuca bez zmian.<br>Śródpiersie prawidłowe.</p>" in html
        assert "Radiology" not in html

    def test_its_pdf_says_who_made_it(self, client: Client, patient: Patient) -> None:
        examination = a_text(patient, signed_by="dr n. med. Jan Nowak")
        answer = client.get(address(examination, "report-file"))
        assert answer["Content-Disposition"].startswith("attachment")
        words = words_of(body(answer))
        for text in ("Śródpiersie prawidłowe.", "Wniosek", "dr n. med. Jan Nowak", "PDF przygotował portal"):
            assert text in words

    def test_it_is_printed_in_the_browser(self, client: Client, patient: Patient) -> None:
        answer = client.get(address(a_text(patient), "report-file") + "?text&print")
        assert (answer["Content-Type"], answer["Content-Disposition"][:6]) == ("application/pdf", "inline")

    def test_markup_of_the_message_is_text(self, client: Client, patient: Patient) -> None:
        """R30"""
        examination = a_text(
            patient,
            sections=(Section("x", "<b>T</b>", ("<script>alert(1)</script> {{7*7}} \u202egpj.exe",)),),
        )
        html = detail(client, examination)
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}} gpj.exe" in html
        assert "&lt;b&gt;T&lt;/b&gt;" in html
        assert "<script>alert(1)</script>" in words_of(body(client.get(address(examination, "report-file"))))

    def test_its_row_leads_to_the_examination(self, client: Client, patient: Patient) -> None:
        """M4.1"""
        examination = a_text(patient)
        html = html_of(client, "/documents/")
        assert f'href="/examinations/{examination.pk}/"' in html
        assert "0 bajtów" not in html


class TestDocuments:
    def test_all_of_them_are_shown(self, client: Client, patient: Patient) -> None:
        first, second = pdf(), pdf()
        a_report(patient, pdf=first, enclosures=(Enclosure(second, title="Załącznik"),))
        jobs.run_rendering()
        examination = the_examination(patient)
        html = detail(client, examination)
        assert "Załącznik" in html
        assert address(examination, "report-document-page", file=2, number=1) in html
        assert client.get(address(examination, "report-document-page", file=2, number=1)).status_code == 200
        assert body(client.get(address(examination, "report-file"))) == first
        assert body(client.get(address(examination, "report-document", file=2))) == second
        assert client.get(address(examination, "report-document", file=3)).status_code == 404

    def test_a_cda_is_read_here_and_saved_as_it_is(self, client: Client, patient: Patient) -> None:
        raw = SAMPLE.read_bytes()
        a_report(patient, pdf=b"", enclosures=(Enclosure(raw, CDA),))
        jobs.run_rendering()
        examination = the_examination(patient)
        assert "<h3>Wniosek</h3>" in detail(client, examination)
        answer = client.get(address(examination, "report-file"))
        assert body(answer) == raw
        assert answer["Content-Type"] == "text/xml"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer["Content-Security-Policy"]

    def test_a_cda_is_printed_as_pdf(self, client: Client, patient: Patient) -> None:
        a_report(patient, pdf=b"", enclosures=(Enclosure(SAMPLE.read_bytes(), CDA),))
        jobs.run_rendering()
        answer = client.get(address(the_examination(patient), "report-file") + "?print")
        assert "Obraz prawidłowy." in words_of(body(answer))

    def test_only_a_pdf_opens_in_the_browser(self, client: Client, patient: Patient) -> None:
        a_report(patient, pdf=b"", enclosures=(Enclosure(b"\xff\xd8\xff", JPEG),))
        answer = client.get(address(the_examination(patient), "report-file") + "?print")
        assert answer["Content-Disposition"].startswith("attachment")


class TestVersions:
    def test_a_correction_keeps_what_was_before(self, client: Client, patient: Patient) -> None:
        a_text(patient, 20, sections=(Section("", "", ("Pierwszy opis.",)),))
        examination = a_text(patient, 22, status="C")
        html = detail(client, examination)
        assert "poprawiony dnia 22.11.2026" in html
        assert "Pierwszy opis." not in html
        (earlier,) = queries.shown_reports(examination)[0].history
        page = html_of(client, reverse("examinations:report", args=[examination.pk, earlier.version.pk]))
        assert "Pierwszy opis." in page
        assert "To wcześniejsza wersja" in page

    def test_a_supplement_stands_beside(self, client: Client, patient: Patient) -> None:
        a_text(patient)
        examination = a_text(patient, 25, status="A", sections=(Section("", "", ("Porównano z 2024 r.",)),))
        html = detail(client, examination)
        assert "Uzupełnienie z 25.11.2026" in html
        assert "Płuca bez zmian." in html
        assert "Porównano z 2024 r." in words_of(body(client.get(address(examination, "report-file"))))

    def test_a_withdrawn_one_has_no_history(self, client: Client, patient: Patient) -> None:
        examination = a_text(patient, 20)
        old = queries.shown_reports(examination)[0].version
        a_text(patient, 21, status="X", sections=())
        a_text(patient, 22, sections=(Section("", "", ("Nowy opis.",)),))
        assert queries.shown_reports(examination)[0].history == ()
        gone = reverse("examinations:report", args=[examination.pk, old.pk])
        assert client.get(gone).status_code == 404

    def test_one_of_two_examinations_is_listed_once(self, client: Client, patient: Patient) -> None:
        first = an_examination(patient, accession_number="A1")
        second = an_examination(patient, accession_number="A2")
        a_text(patient, examinations=[first, second])
        assert "Wniosek" in detail(client, first)
        assert "Wniosek" in detail(client, second)
        assert len(queries.reports_of(viewer(patient))) == 1
        assert html_of(client, "/documents/?show=report").count('class="row"') == 1

    def test_a_copy_in_the_pacs_is_no_second_report(self, patient: Patient) -> None:
        """1.6: the same bytes, or an SR beside whatever the RIS says."""
        study = an_examination(patient, accession_number="ACC1")
        uid = study.study_links.get().study.study_instance_uid
        copy = {"source": "dicom", "study_instance_uid": uid}
        raw = pdf()
        a_report(patient, pdf=raw, key="dicom:1", **copy)
        a_report(patient, pdf=b"", sections=TEXT, key="dicom:2", **copy)
        assert len(queries.shown_reports(the_examination(patient))) == 2
        said = a_report(patient, pdf=raw, source="oru", key="FL-1")
        assert [one.version for one in queries.shown_reports(the_examination(patient))] == [said]
        a_report(patient, pdf=b"", status="X", source="oru", key="FL-1", stamp=Stamp(moment(28)))
        assert queries.shown_reports(the_examination(patient)) == []


def test_a_document_of_the_hospital_is_read_here(client: Client, patient: Patient) -> None:
    """M4.2"""
    document = services.add_document(
        patient=patient,
        kind="hospital",
        title="Karta informacyjna",
        pdf=pdf(),
        issued_at=moment(20),
        by=SYSTEM,
    )
    jobs.run_rendering()
    assert f'href="/documents/{document.pk}/"' in html_of(client, "/documents/")
    html = html_of(client, f"/documents/{document.pk}/")
    assert f"/documents/{document.pk}/pages/1/" in html
    assert client.get(f"/documents/{document.pk}/pages/1/").status_code == 200
    assert body(client.get(f"/documents/{document.pk}/file/")) == blobs.read(document.blob_id)
    other = a_patient()
    client.logout()
    sign_in(client, other.account)
    for part in ("", "pages/1/", "file/"):
        assert client.get(f"/documents/{document.pk}/{part}").status_code == 404
