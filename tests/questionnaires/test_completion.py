"""The one end of a survey (M6.3 to M6.8, R57): in one transaction, once, as the summary showed it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs
from klisza.documents.models import Document
from klisza.patients.models import Patient
from klisza.questionnaires import jobs, queries, services
from klisza.questionnaires.errors import AlreadySent, AnswersChanged, NotAnswered
from klisza.questionnaires.models import Answer, Completion, Flag, PreparedPdf, SurveyRequest
from klisza.questionnaires.services import completion
from klisza.questionnaires.services import preparing as module
from klisza.standards.questionnaire import flags
from klisza.uploads import services as uploads
from klisza.uploads.models import HandedFile
from tests.accounts.people import outbox
from tests.examinations.given import a_patient, pdf
from tests.standards.forms import form, question, when

from .asked import Device, survey, viewer

DANGER = {
    "url": flags.URL,
    "extension": [
        {"url": "when", "valueBoolean": True}, {"url": "text", "valueString": "Rozrusznik"},
        {"url": "severity", "valueCode": "danger"},
    ],
}  # fmt: skip
SHORT = form(
    question("pacemaker", "boolean", text="Rozrusznik serca?", required=True, extension=[DANGER]),
    question("model", text="Jaki model?", enableWhen=[when("pacemaker", "=", answerBoolean=True)]),
    question("paper", "attachment", text="Karta rozrusznika"),
    title="Ankieta przed MR",
)


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The PDF is made by a real typesetter in one test only."""
    if "real_pdf" not in request.fixturenames:
        monkeypatch.setattr(module.printing, "pdf", lambda *_a, **_k: pdf("answers"))


@pytest.fixture
def real_pdf() -> None:
    """Asked for by the test that wants the typesetter."""


@pytest.fixture
def anna() -> Patient:
    return a_patient()


def answered(anna: Patient, *, takes_files: bool = False) -> Device:
    device = Device(anna, survey(anna, SHORT, takes_files=takes_files))
    device.open()
    device.post(f0="true", f1="Vitatron", script="1")
    return device


@pytest.mark.django_db
class TestTheEnd:
    def test_everything_is_there_in_that_moment(self, anna: Patient) -> None:
        """S46: answers, PDF, QuestionnaireResponse, flags, the document, the audit."""
        device = answered(anna)
        assert "Dostarcz" in device.open("summary/")
        assert device.finish().url == device.address()
        done = Completion.objects.select_related("document__handing").get()
        assert done.request.state == "answered"
        assert done.ending == "delivered"
        assert done.response["resourceType"] == "QuestionnaireResponse"
        assert done.response["status"] == "completed"
        assert done.response["subject"] == {"reference": f"Patient/{anna.pk}"}
        assert [one["linkId"] for one in done.response["item"]] == ["pacemaker", "model"]
        assert done.document is not None
        assert (done.document.kind, done.document.title) == ("own", "Ankieta: Ankieta przed MR")
        assert done.document.handing.state == "sent"
        assert [one.text for one in Flag.objects.all()] == ["Rozrusznik"]
        assert AuditEvent.objects.filter(action="survey.completed", patient_id=anna.pk).count() == 1
        text = device.open("")
        assert "Odpowiedzi są już w szpitalu" in text
        got = device.client.get(device.address("answers.pdf"))
        assert got.content == blobs.read(done.pdf.key)
        assert got["Content-Disposition"].startswith("attachment")
        assert device.open("pages/1/").count("Dziękujemy") == 1

    def test_a_second_one_hears_already_sent(self, anna: Patient) -> None:
        """R57"""
        device = answered(anna)
        device.finish()
        again = device.finish(Accept="application/json")
        assert again.status_code == 409
        assert again.json()["already"] is True
        assert Completion.objects.count() == Document.objects.count() == 1

    def test_late_answers_change_nothing(self, anna: Patient) -> None:
        device = answered(anna)
        device.open()
        device.finish()
        before = list(Answer.objects.values_list("path", "version"))
        late = device.client.post(device.address("pages/1/save/"), {"f1": "x", "f1-seen": "1", "f1-mark": ""})
        assert late.status_code == 302
        assert list(Answer.objects.values_list("path", "version")) == before

    def test_what_another_device_changed_is_looked_at_again(self, anna: Patient) -> None:
        device = answered(anna)
        seen = SurveyRequest.objects.get().answers_version
        device.open()
        device.post(f0="false", script="1")
        assert device.finish(seen=seen).url == device.address("summary/")
        assert not Completion.objects.exists()
        assert "zmieniona na innym urządzeniu" in device.open("summary/")

    def test_a_change_while_the_pdf_is_made_is_noticed(
        self, anna: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The transaction checks the version that the PDF was made of."""
        device = answered(anna)

        def slowly(*_a: Any, **_k: Any) -> bytes:
            known = Answer.objects.get(path="model")
            change = services.Change("model", [{"valueString": "Inny"}], known.version)
            services.save(request=device.request, changes=[change], by=viewer(anna).actor)
            return pdf("old")

        monkeypatch.setattr(module.printing, "pdf", slowly)
        device.request.refresh_from_db()
        with pytest.raises(AnswersChanged):
            services.complete(
                viewer=viewer(anna), request=device.request, account=anna.account, button="deliver",
                seen=device.request.answers_version,
            )  # fmt: skip
        assert not Completion.objects.exists()
        assert not Document.objects.exists()

    def test_a_death_in_the_middle_leaves_nothing_and_a_second_try_everything(
        self, anna: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R57: one transaction."""
        device = answered(anna, takes_files=True)
        delivery = _with_a_file(anna, device)
        with monkeypatch.context() as broken:
            broken.setattr(completion.flags, "raised", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                device.finish("upload")
        delivery.refresh_from_db()
        assert (Completion.objects.count(), Document.objects.count(), delivery.state) == (0, 0, "collecting")
        device.finish("upload")
        delivery.refresh_from_db()
        assert (Completion.objects.count(), Document.objects.count(), delivery.state) == (1, 1, "closed")

    def test_answers_that_are_not_asked_are_forgotten(self, anna: Patient) -> None:
        """hospital-integration 3.4"""
        device = answered(anna)
        device.open()
        device.post(f0="false", f1="Vitatron", script="1")
        assert Answer.objects.filter(path="model").exists()
        device.finish()
        assert not Answer.objects.filter(path="model").exists()
        assert [one["linkId"] for one in Completion.objects.get().response["item"]] == ["pacemaker"]
        assert not Flag.objects.exists()

    def test_what_is_missing_is_said_and_nothing_sent(self, anna: Patient) -> None:
        device = Device(anna, survey(anna, SHORT))
        text = device.open("summary/")
        assert "Tego jeszcze brakuje" in text
        assert device.address("pages/1/") in text
        with pytest.raises(NotAnswered):
            services.complete(
                viewer=viewer(anna), request=device.request, account=anna.account, button="deliver", seen=0
            )

    def test_a_file_of_an_answer_becomes_a_document(self, anna: Patient) -> None:
        """M4.3"""
        device = answered(anna)
        device.open()
        device.post(go="more f2", f0="true", f1="Vitatron", f2=SimpleUploadedFile("karta.pdf", pdf("card")))
        device.finish()
        assert set(Document.objects.values_list("title", flat=True)) == {
            "Ankieta: Ankieta przed MR",
            "karta.pdf",
        }


@pytest.mark.django_db
class TestWithFiles:
    def test_without_uploading_is_a_statement_with_its_time(self, anna: Patient) -> None:
        """M6.3, S48"""
        device = answered(anna, takes_files=True)
        assert "Dostarcz" not in device.open("summary/").replace("Dostarczono", "")
        text = device.open("files/")
        assert "WAŻNE: Rozpoczęcie przesyłania załączonych plików skutkuje ukończeniem pracy" in text
        assert "Rozpocznij przesyłanie" in text
        assert device.finish("without").url == device.address()
        done = Completion.objects.get()
        assert (done.ending, done.stated_at) == ("without", done.completed_at)

    def test_the_statement_is_not_for_a_list_with_files(self, anna: Patient) -> None:
        device = answered(anna, takes_files=True)
        device.open("files/")
        delivery = _with_a_file(anna, device)
        assert "disabled" in device.open("files/").partition("Dostarcz bez")[0][-200:]
        assert device.finish("without").url == device.address("files/")
        assert not Completion.objects.exists()
        delivery.refresh_from_db()
        assert delivery.state == "collecting"

    def test_starting_the_upload_is_the_end(self, anna: Patient) -> None:
        """M6.6 to M6.8: the answers are there, whatever becomes of the files."""
        device = answered(anna, takes_files=True)
        assert device.finish("upload").url == device.address("files/")
        delivery = _with_a_file(anna, device)
        told = device.finish("upload", Accept="application/json")
        assert told.json() == {"done": True}
        delivery.refresh_from_db()
        assert delivery.state == "closed"
        assert Completion.objects.get().ending == "uploaded"

    def test_missing_files_are_told_of_once(self, anna: Patient) -> None:
        """M6.8"""
        device = answered(anna, takes_files=True)
        _with_a_file(anna, device)
        device.finish("upload")
        assert services.settle_files() == 0
        with time_machine.travel(_noon(8)):
            assert services.settle_files() == 1
            assert services.settle_files() == 0
            device.request.refresh_from_db()
            assert device.request.state == "incomplete"
            told = [mail["text"] for mail in outbox("mail") if "nie dotarły wszystkie pliki" in mail["text"]]
            assert len(told) == 1
            HandedFile.objects.update(state="arrived")
            _complete(device)
            assert services.settle_files() == 1
            device.request.refresh_from_db()
            assert device.request.state == "answered"


@pytest.mark.django_db
class TestThePdfBeforehand:
    """The button does not wait for the typesetter: the worker makes the PDF while the summary is read."""

    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The pages that were set."""
        pages: list[str] = []

        def set_page(page: str) -> bytes:
            pages.append(page)
            return b"%PDF-1.7 answers " + str(len(pages)).encode()

        monkeypatch.setattr(module.printing, "pdf", set_page)
        return pages

    def test_the_summary_wants_it_and_the_button_takes_it(self, anna: Patient, made: list[str]) -> None:
        device = answered(anna)
        device.open("summary/")
        assert jobs.run_survey_pdfs() == 1
        device.open("summary/")
        assert jobs.run_survey_pdfs() == 0
        device.finish()
        assert len(made) == 1
        assert blobs.read(Completion.objects.get().pdf.key) == b"%PDF-1.7 answers 1"
        assert not PreparedPdf.objects.exists()

    def test_one_for_each_ending(self, anna: Patient, made: list[str]) -> None:
        """What is said of the files stands in it (S48)."""
        device = answered(anna, takes_files=True)
        device.open("summary/")
        assert jobs.run_survey_pdfs() == 2
        device.finish("without")
        assert len(made) == 2
        assert ["oświadczenie, że plików nie ma" in page for page in made].count(True) == 1

    def test_a_press_before_the_worker_came_makes_it(self, anna: Patient, made: list[str]) -> None:
        device = answered(anna)
        device.open("summary/")
        device.finish()
        assert len(made) == 1
        assert jobs.run_survey_pdfs() == 0

    def test_changed_answers_wipe_it_and_it_is_made_anew(self, anna: Patient, made: list[str]) -> None:
        device = answered(anna)
        device.open("summary/")
        jobs.run_survey_pdfs()
        device.open()
        device.post(f0="true", f1="Medtronic", script="1")
        assert not PreparedPdf.objects.exists()
        device.open("summary/")
        jobs.run_survey_pdfs()
        device.finish()
        assert ["Medtronic" in page for page in made] == [False, True]
        assert blobs.read(Completion.objects.get().pdf.key) == b"%PDF-1.7 answers 2"

    def test_an_answer_while_it_is_made_leaves_nothing(
        self, anna: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = answered(anna)
        device.open("summary/")

        def slowly(_page: str) -> bytes:
            known = Answer.objects.get(path="model")
            change = services.Change("model", [{"valueString": "Inny"}], known.version)
            services.save(request=device.request, changes=[change], by=viewer(anna).actor)
            return pdf("old")

        monkeypatch.setattr(module.printing, "pdf", slowly)
        assert jobs.run_survey_pdfs() == 0
        assert not PreparedPdf.objects.exists()

    def test_another_name_is_another_page(self, anna: Patient, made: list[str]) -> None:
        """Not only the answers stand in it."""
        device = answered(anna)
        device.open("summary/")
        jobs.run_survey_pdfs()
        anna.family_name = "Nowa"
        anna.save()
        device.finish()
        assert ["Nowa" in page for page in made] == [False, True]

    @pytest.mark.parametrize("end", ["withdrawn", "expired"])
    def test_it_is_wiped_with_the_survey(self, anna: Patient, made: list[str], end: str) -> None:
        device = answered(anna)
        device.open("summary/")
        jobs.run_survey_pdfs()
        if end == "withdrawn":
            services.withdraw(request=device.request, reason="", by=viewer(anna).actor)
        else:
            SurveyRequest.objects.update(due_at=clock.now() - timedelta(hours=1))
            services.expire_over()
        assert not PreparedPdf.objects.exists()

    def test_what_cannot_be_set_is_tried_once_by_the_worker(
        self, anna: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = answered(anna)
        device.open("summary/")
        with monkeypatch.context() as broken:
            broken.setattr(module.printing, "pdf", _no_typesetter)
            assert jobs.run_survey_pdfs() == 1
            assert queries.unprepared(5) == []
        device.finish()
        assert Completion.objects.exists()

    def test_with_something_missing_none_is_wanted(self, anna: Patient) -> None:
        Device(anna, survey(anna, SHORT)).open("summary/")
        assert queries.unprepared(5) == []


def _no_typesetter(_page: str) -> bytes:
    raise Unavailable("no memory", retry_after=1)


def _noon(days: int) -> Any:
    """Not at night: mails wait then."""
    return (clock.now() + timedelta(days=days)).replace(hour=11)


def _with_a_file(anna: Patient, device: Device) -> Any:
    delivery = uploads.delivery_for(patient=anna, account=anna.account, subject=device.request.pk)
    HandedFile.objects.create(delivery=delivery, position=0, name="IM1", path="CD/IM1", size=5)
    return delivery


def _complete(device: Device) -> None:
    from klisza.uploads.models import Delivery

    Delivery.objects.filter(subject=device.request.pk).update(state="complete")


@pytest.mark.django_db
class TestMails:
    def test_the_request_says_nothing_of_what_is_asked(self, anna: Patient) -> None:
        """M5.1, S43: a link for this account only, no medical word."""
        request = survey(anna, SHORT, message="Proszę o szczegóły", due_at=clock.now() + timedelta(days=9))
        [mail] = [one for one in outbox("mail") if f"/surveys/{request.pk}/?for=" in one["text"]]
        for words in ("MR", "Proszę o szczegóły", "Kowalczyk"):
            assert words not in mail["subject"] + mail["text"].replace(anna.account.user_name, "")

    def test_one_reminder_before_the_deadline(self, anna: Patient) -> None:
        """N20"""
        request = survey(anna, SHORT, due_at=clock.now() + timedelta(days=10))
        assert services.remind() == 0
        with time_machine.travel(_noon(8)):
            assert services.remind() == 1
            assert services.remind() == 0
        request.refresh_from_db()
        assert request.reminded_at is not None
        assert len([1 for one in outbox("mail") if "czeka jeszcze na odpowiedź" in one["text"]]) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("real_pdf")
def test_the_pdf_is_archival_and_tagged(anna: Patient) -> None:
    """PDF/A-2a in the patient's language; every question and answer is in it."""
    import pypdfium2

    device = answered(anna)
    device.finish()
    data = blobs.read(Completion.objects.get().pdf.key)
    with pikepdf.open(io.BytesIO(data)) as made:
        with made.open_metadata() as facts:
            assert (facts["pdfaid:part"], facts["pdfaid:conformance"]) == ("2", "A")
            assert "Ankieta przed MR" in str(facts["dc:title"])
        assert made.Root.MarkInfo.Marked
        assert str(made.Root.Lang) == "pl"
        assert "/StructTreeRoot" in made.Root
    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    for words in ("Rozrusznik serca?", "tak", "Vitatron", "Kowalczyk", "Stan odpowiedzi"):
        assert words in text


@pytest.mark.django_db
def test_an_ending_that_was_overtaken_makes_nothing(anna: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """R57: both had looked before either had written; stories/test_m5_surveys.py presses for real."""
    device = answered(anna)
    mine, theirs = (SurveyRequest.objects.get(pk=device.request.pk) for _ in range(2))

    def press(request: SurveyRequest) -> None:
        services.complete(
            viewer=viewer(anna),
            request=request,
            account=anna.account,
            button="deliver",
            seen=mine.answers_version,
        )

    def overtaken(*_a: Any, **_k: Any) -> bytes:
        monkeypatch.setattr(module.printing, "pdf", lambda *_a, **_k: pdf("first"))
        press(theirs)
        return pdf("second")

    monkeypatch.setattr(module.printing, "pdf", overtaken)
    with pytest.raises(AlreadySent):
        press(mine)
    assert Completion.objects.count() == Document.objects.count() == 1
