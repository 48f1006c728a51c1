"""Pages: what stands on them, who gets nothing, and that a look is written down before it happens."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from PIL import Image

from klisza.archive.models import Instance, Series
from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.documents import jobs as documents_jobs
from klisza.documents.models import Document, DocumentPage
from klisza.examinations.models import Examination, Ward
from klisza.examinations.services import add_hospital_document, refresh, save_release_rules
from klisza.patients.models import Patient
from tests.accounts.people import sign_in

from .given import SCRIPT, a_patient, a_report, an_examination, pdf, the_examination

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return a_patient()


@pytest.fixture
def client(client: Client, patient: Patient) -> Client:
    sign_in(client, patient.account)
    return client


def actions() -> list[str]:
    shown = AuditEvent.objects.exclude(action__startswith="login").exclude(agent_kind="system").order_by("pk")
    return [event.action for event in shown if not event.action.startswith(("session", "clause"))]


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


class TestTheList:
    """M2.6, M2.7, S18-S22"""

    def test_it_begins_empty_and_kind(self, client: Client) -> None:
        assert "Nie ma jeszcze badań" in page(client, "/examinations/")

    def test_a_row_tells_all(self, client: Client, patient: Patient) -> None:
        an_examination(patient, accession_number="ACC1", institution_name="Szpital Pokazowy")
        a_report(patient)
        html = page(client, "/examinations/")
        for text in (
            "TK – Tomografia komputerowa",
            "20.11.2026",
            "Szpital Pokazowy",
            "Opis dostępny",
            "Obrazy dostępne",
        ):
            assert text in html
        assert actions() == ["list.viewed"]

    def test_filters_and_search_work_without_scripts(self, client: Client, patient: Patient) -> None:
        an_examination(patient, institution_name="Pracownia Łódź")
        an_examination(patient, modalities=("MR",))
        assert page(client, "/examinations/?kind=MR").count('class="row"') == 1
        assert page(client, "/examinations/?q=lodz").count('class="row"') == 1
        assert page(client, "/examinations/?q=20.11.2026").count('class="row"') == 2
        assert page(client, "/examinations/?year=2025").count('class="row"') == 0
        assert page(client, "/examinations/?year=nonsense&page=-7&kind=%00").count('class="row"') in (0, 2)

    @pytest.mark.parametrize(
        ("count", "address", "box"),
        [
            (10, "", None),
            (11, "", '<details class="filter-box">'),
            (11, "?kind=CT", '<details class="filter-box" open>'),
        ],
    )
    def test_the_search_waits_behind_its_name(
        self, client: Client, patient: Patient, count: int, address: str, box: str | None
    ) -> None:
        """On a phone the form would take half of the first screen; ten examinations need none."""
        copies_of(an_examination(patient), count - 1)
        html = page(client, f"/examinations/{address}")
        assert (box in html) if box else ("filter-box" not in html)
        assert ("Szukaj i filtruj" in html) is bool(box)

    def test_many_examinations_need_few_queries(
        self, client: Client, patient: Patient, django_assert_max_num_queries: Any
    ) -> None:
        copies_of(an_examination(patient), 1999)
        with django_assert_max_num_queries(20):
            html = page(client, "/examinations/?page=80")
        assert html.count('class="row"') == 25
        assert "Strona 80 z 80" in html


def copies_of(examination: Examination, count: int) -> None:
    values = {
        field.attname: getattr(examination, field.attname) for field in Examination._meta.concrete_fields
    }
    Examination.objects.bulk_create(Examination(**{**values, "id": uuid.uuid4()}) for _ in range(count))


class TestThePage:
    """M3.1, M3.3, M7.1"""

    def test_previews_actions_and_report(self, client: Client, patient: Patient) -> None:
        an_examination(patient, accession_number="ACC1")
        version = a_report(patient, title="Opis badania TK")
        documents_jobs.run_rendering()
        html = page(client, f"/examinations/{the_examination(patient).pk}/")
        for text in (
            "Otwórz w przeglądarce obrazów",
            "Export DICOM",
            "Pobierz opis",
            "Drukuj opis",
            "Opis badania TK",
        ):
            assert text in html
        assert re.search(r'alt="Strona 1 z 1"', html)
        assert f"reports/{version.pk}/pages/1/" in html
        assert actions() == ["examination.opened", "report.opened"]

    def test_the_first_series_is_shown_large(self, client: Client, patient: Patient) -> None:
        examination = an_examination(patient, modalities=("CT", "CT", "CT"))
        Series.objects.update(preview=Instance.objects.earliest("pk").blob, series_description="Klatka <1>")
        html = page(client, f"/examinations/{examination.pk}/")
        large, small = (
            re.findall(r'<a class="preview".*?</a>', html, re.S),
            re.findall(r'src="[^"]*/thumbnail"', html),
        )
        assert (len(large), len(small), html.count("/rendered")) == (1, 2, 1)
        assert f'href="/viewer/{examination.pk}/"' in large[0]
        assert 'alt="Podgląd serii: Klatka &lt;1&gt;"' in large[0]
        assert (
            html.index("/rendered") < html.index("Otwórz w przeglądarce obrazów") < html.index("/thumbnail")
        )

    def test_one_series_needs_no_thumbnails(self, client: Client, patient: Patient) -> None:
        examination = an_examination(patient)
        html = page(client, f"/examinations/{examination.pk}/")
        assert "thumb-grid" not in html
        assert "Podgląd jest przygotowywany" in html

    def test_pages_of_a_report_keep_their_room(self, client: Client, patient: Patient) -> None:
        """Nothing jumps while they load."""
        a_report(patient)
        documents_jobs.run_rendering()
        html = page(client, f"/examinations/{the_examination(patient).pk}/")
        drawn = DocumentPage.objects.get()
        assert f'width="{drawn.width}" height="{drawn.height}" loading="lazy"' in html
        assert drawn.width > 0

    def test_missing_parts_have_reasons(self, client: Client, patient: Patient) -> None:
        an_examination(patient)
        assert "Opisu jeszcze nie ma" in page(client, f"/examinations/{the_examination(patient).pk}/")
        a_report(patient, accession_number="OTHER")
        assert "nie ma obrazów" in page(client, f"/examinations/{the_examination(patient).pk}/")

    def test_an_audit_failure_shows_nothing(self, client: Client, patient: Patient, monkeypatch: Any) -> None:
        """R69"""

        def broken(*args: Any, **kwargs: Any) -> None:
            raise DatabaseError("attempt to write a readonly database")

        examination = an_examination(patient)
        monkeypatch.setattr("klisza.examinations.services.access.record", broken)
        for address in ("/examinations/", "/documents/", f"/examinations/{examination.pk}/"):
            answer = client.get(address)
            assert answer.status_code == 503
            assert b"Tomografia" not in answer.content


class TestTheReport:
    """M3.3, S29, S30, R33"""

    def address(self, patient: Patient, body: bytes) -> str:
        version = a_report(patient, pdf=body, title='a"\r\nSet-Cookie: x=1.pdf')
        documents_jobs.run_rendering()
        return f"/examinations/{the_examination(patient).pk}/reports/{version.pk}/"

    def test_original_bytes_leave_under_a_neutral_name(self, client: Client, patient: Patient) -> None:
        body = pdf()
        address = self.address(patient, body)
        answer = client.get(address + "file/")
        assert b"".join(answer) == body
        assert answer["Content-Disposition"] == 'attachment; filename="opis-2026-11-21.pdf"'
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "no-store"
        assert not answer.has_header("ETag")

    def test_printing_opens_it_in_the_browser(self, client: Client, patient: Patient) -> None:
        answer = client.get(self.address(patient, pdf()) + "file/?print")
        assert answer["Content-Disposition"].startswith("inline")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert actions()[-1] == "report.printed"

    def test_pages_are_one_look(self, client: Client, patient: Patient) -> None:
        address = self.address(patient, pdf())
        page(client, address)
        assert client.get(address + "pages/1/")["Content-Type"] == "image/png"
        assert client.get(address + "pages/2/").status_code == 404
        assert actions() == ["report.opened"]

    def test_a_withdrawn_version_is_gone(self, client: Client, patient: Patient) -> None:
        body = pdf()
        address = self.address(patient, body)
        a_report(patient, accession_number="ACC1", pdf=body, status="X")
        for part in ("", "file/", "file/?print", "pages/1/"):
            assert client.get(address + part).status_code == 404


class TestDocuments:
    """M4.1, M4.2"""

    def test_reports_lead_to_their_examination(self, client: Client, patient: Patient) -> None:
        a_report(patient, title="Opis biopsji")
        html = page(client, "/documents/")
        for text in (
            "Opisy badań",
            "Od szpitala",
            "Moje",
            "Opis biopsji",
            f"/examinations/{the_examination(patient).pk}/",
        ):
            assert text in html
        assert 'class="row"' not in page(client, "/documents/?show=own")

    def test_a_photo_is_printed_as_one_sheet(self, client: Client, patient: Patient) -> None:
        photo = io.BytesIO()
        Image.new("RGB", (900, 1200), "navy").save(photo, "JPEG")
        add_hospital_document(
            patient=patient, title="Skan", data=photo.getvalue(), issued_at=clock.now(), by=SYSTEM
        )
        document = Document.objects.get()
        address = f"/documents/{document.pk}/"
        assert "?print" not in page(client, address)  # its page is not there yet
        documents_jobs.run_rendering()

        assert f"{address}file/?print" in page(client, address)
        answer = client.get(address + "file/?print")
        assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
        assert answer["Content-Disposition"].startswith("inline")

    def test_an_empty_folder_is_kind(self, client: Client) -> None:
        assert "Nie ma jeszcze dokumentów" in page(client, "/documents/")


class TestAnotherPerson:
    """R10, R11: somebody else's id and a random one give the same answer; nothing of hers leaves."""

    def addresses(self, patient: Patient) -> list[str]:
        an_examination(patient, accession_number="ACC1")
        version = a_report(patient)
        documents_jobs.run_rendering()
        examination = the_examination(patient)
        base = f"/examinations/{examination.pk}/"
        report = f"{base}reports/{version.pk}/"
        return [
            base,
            report,
            report + "file/",
            report + "file/?print",
            report + "pages/1/",
            base + "download/",
        ]

    def test_foreign_looks_like_unknown(self, client: Client) -> None:
        for address in self.addresses(a_patient()):
            unknown = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(uuid.uuid4()), address)
            for verb in ("get", "post", "head", "put", "delete"):
                answers = [getattr(client, verb)(path) for path in (address, unknown)]
                assert answers[0].status_code == answers[1].status_code
                assert answers[0].status_code in (403, 404, 405)
                assert strip(answers[0].content) == strip(answers[1].content)

    def test_my_examination_with_her_report(self, client: Client, patient: Patient) -> None:
        mine = an_examination(patient)
        theirs = a_report(a_patient())
        assert client.get(f"/examinations/{mine.pk}/reports/{theirs.pk}/file/").status_code == 404

    def test_a_guest_goes_to_the_login(self, patient: Patient) -> None:
        for address in [*self.addresses(patient), "/examinations/", "/documents/"]:
            answer = Client().get(address)
            assert answer.status_code == 302
            assert answer["Location"].startswith("/login/")


def strip(content: bytes) -> bytes:
    """Without what differs on every answer of any page, and the address that was asked for."""
    return re.sub(rb'name="(csrfmiddlewaretoken|next)" value="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}', b"", content)


class TestPreferences:
    """N10, S23: how to be told, and whether only after the visit."""

    def test_the_choice_is_kept(self, client: Client, patient: Patient) -> None:
        html = page(client, "/account/results/")
        assert "Powiadomienia o wynikach" in html
        assert patient.account.mobile[-3:] in html
        assert patient.account.mobile not in html
        answer = client.post("/account/results/", {"notice_channel": "sms", "tell_after_visit": "on"})
        assert answer.status_code == 302
        patient.refresh_from_db()
        assert (patient.notice_channel, patient.tell_after_visit) == ("sms", True)
        assert "preferences.changed" in actions()

    def test_nonsense_changes_nothing(self, client: Client, patient: Patient) -> None:
        assert client.post("/account/results/", {"notice_channel": "fax"}).status_code == 400
        patient.refresh_from_db()
        assert patient.notice_channel == "mail"

    def test_strangers_go_to_the_login(self) -> None:
        assert Client().get("/account/results/").status_code == 302

    def test_the_day_of_the_visit_is_asked_for(self, client: Client, patient: Patient) -> None:
        examination = an_examination(patient)
        save_release_rules(rules=[{"images": "visit", "report": "visit"}], by=SCRIPT)
        refresh(examination)
        address = f"/examinations/{examination.pk}/"
        assert "Kiedy odbędzie się wizyta?" in page(client, address)
        client.post(f"{address}visit/", {"day": "nonsense"})
        client.post(f"{address}visit/", {"day": "2999-01-31"})
        examination.refresh_from_db()
        assert (examination.visit_source, examination.visit_at.year) == ("patient", 2999)
        assert "31.01.2999" in page(client, address)

    def test_nobody_enters_it_for_another(self, client: Client) -> None:
        theirs = an_examination(a_patient())
        assert client.post(f"/examinations/{theirs.pk}/visit/", {"day": "2999-01-31"}).status_code == 404


class TestTheClinic:
    def test_name_telephone_and_next_step(self, client: Client, patient: Patient) -> None:
        """5.1: whom to call, and what happens next."""
        examination = an_examination(patient)
        now = examination.created_at
        Ward.objects.create(
            code="ONK", name="Poradnia Onkologiczna", telephone="+48 22 555 10 20",
            next_step_pl="Prosimy o kontakt.", updated_at=now,
        )  # fmt: skip
        Examination.objects.update(ward_code="ONK")
        html = page(client, f"/examinations/{examination.pk}/")
        for text in ("Poradnia Onkologiczna", "tel:+48225551020", "Co dalej", "Prosimy o kontakt."):
            assert text in html
