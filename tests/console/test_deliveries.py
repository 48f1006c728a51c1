"""The inbox of what patients hand in; a document from a file (B18, S39)."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from klisza.archive.jobs import run_settle
from klisza.archive.models import Forward
from klisza.archive.services import add_peer
from klisza.audit.actor import SYSTEM
from klisza.blobs import services as blobs
from klisza.console.presenters.forwards import ranges
from klisza.console.queries.counts import counts
from klisza.documents.jobs import run_rendering
from klisza.documents.models import Document
from klisza.examinations.models import NoticeIntent
from klisza.uploads import jobs
from klisza.uploads.models import Delivery, Takeover
from klisza.uploads.services import close
from tests.documents.test_cleaning import acting
from tests.examinations.given import a_patient, pdf
from tests.uploads.given import a_delivery, dicom_file, handed_in
from tests.uploads.test_taking import MINE, sent

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def radiology() -> Client:
    return signed_in("radiology")


@pytest.fixture
def delivery() -> Delivery:
    with override_settings(LISTENER="public", ROOT_URLCONF="klisza.config.urls"):
        made = sent(a_patient("MRN-A"), ("CD/IM1", dicom_file(**MINE)), ("wypis.pdf", acting()))
    while jobs.run_documents() + jobs.run_previews() + run_rendering():
        pass
    run_settle()
    return made


def at(delivery: Delivery, rest: str = "") -> str:
    return f"/staff/deliveries/{delivery.pk}/{rest}"


def test_only_who_decides_may_look(delivery: Delivery) -> None:
    assert allowed("/staff/deliveries/") == ["registration", "radiology", "admin"]
    assert allowed(at(delivery)) == ["registration", "radiology", "admin"]


def test_the_list_says_who_sent_what(radiology: Client, delivery: Delivery) -> None:
    text = page(radiology, "/staff/deliveries/")

    assert "Anna Kowalczyk" in text
    assert "1 image" in text
    assert "1 document" in text


def test_its_page_shows_images_documents_and_whom_they_name(radiology: Client, delivery: Delivery) -> None:
    text = page(radiology, at(delivery))

    assert "wypis.pdf" in text
    assert f"/staff/deliveries/{delivery.pk}/viewer/{delivery.previews.get().study_id}/" in text
    assert "Anna Kowalczyk, 21.03.1958" in text
    assert audited("delivery.viewed") == 1


def test_a_strangers_pdf_is_pictures_and_is_saved_without_what_acts(
    radiology: Client, delivery: Delivery
) -> None:
    """R32"""
    file = delivery.files.get(kind="pdf")
    assert f"files/{file.pk}/pages/1/" in page(radiology, at(delivery, f"files/{file.pk}/"))
    picture = radiology.get(at(delivery, f"files/{file.pk}/pages/1/"))
    assert picture["Content-Type"] == "image/png"
    saved = radiology.get(at(delivery, f"files/{file.pk}/download/"))
    body = b"".join(saved)

    assert saved["Content-Disposition"].startswith("attachment")
    assert "sandbox" in saved["Content-Security-Policy"]
    document = Document.objects.get(kind="own")
    assert document.cleaned_id
    assert body == blobs.read(document.cleaned_id)


def test_what_is_marked_is_accepted(radiology: Client, delivery: Delivery) -> None:
    first = delivery.files.get(kind="dicom")
    answer = radiology.post(at(delivery, "decide/"), {"files": [str(first.pk)], "verdict": "accepted"})

    assert answer.status_code == 302
    takeover = Takeover.objects.get()
    assert list(takeover.files.all()) == [first]
    assert takeover.accession_number.startswith("KL")
    jobs.run_takeovers()
    assert "Accepted" in page(radiology, at(delivery))


class TestForwarding:
    """B18: what became of each image, and what staff do about it."""

    @pytest.fixture
    def forward(self, radiology: Client, delivery: Delivery) -> Forward:
        add_peer(name="pacs", ae_title="PACS", address="127.0.0.1", port=104, by=SYSTEM)
        first = delivery.files.get(kind="dicom")
        given = {"files": [str(first.pk)], "verdict": "accepted", "peer": "pacs"}
        assert radiology.post(at(delivery, "decide/"), given).status_code == 302
        jobs.run_takeovers()
        return Forward.objects.get()

    def settle(self, forward: Forward, state: str, image: str, reason: str = "") -> None:
        forward.instances.update(state=image, reason=reason)
        Forward.objects.update(state=state)

    def test_each_image_is_told_with_its_reason(
        self, radiology: Client, delivery: Delivery, forward: Forward
    ) -> None:
        assert "waits, or is being sent" in page(radiology, at(delivery))
        assert counts(["deliveries"]) == {"deliveries": 1}  # the document
        self.settle(forward, "failed", "uncommitted", "not committed: 0112")
        text = page(radiology, at(delivery))

        assert "Image by image" in text
        assert "it does not have it (not committed: 0112)" in text
        assert "Not safely in the archive" in page(radiology, "/staff/deliveries/")
        answer = radiology.post(at(delivery, f"again/{forward.pk}/"))
        assert answer.status_code == 302
        assert forward.instances.get().state == "waiting"
        assert "Not safely in the archive" not in page(radiology, "/staff/deliveries/")

    def test_a_silent_archive_is_asked_or_noted(
        self, radiology: Client, delivery: Delivery, forward: Forward
    ) -> None:
        self.settle(forward, "unanswered", "stored")
        text = page(radiology, at(delivery))
        assert "Ask once more" in text
        assert "Settled elsewhere" in text
        radiology.post(at(delivery, f"noted/{forward.pk}/"))

        assert "Settled elsewhere" not in page(radiology, at(delivery))
        assert "Not safely in the archive" not in page(radiology, "/staff/deliveries/")
        assert audited("images.forward_noted") == 1

    def test_another_deliverys_is_not_there(
        self, radiology: Client, delivery: Delivery, forward: Forward
    ) -> None:
        Forward.objects.update(subject=None)
        assert radiology.post(at(delivery, f"again/{forward.pk}/")).status_code == 404


def test_a_name_that_only_the_patient_vouches_for_is_said(radiology: Client) -> None:
    """N8: maiden name or mix-up: staff mark it themselves, and see whom the images name."""
    with override_settings(LISTENER="public", ROOT_URLCONF="klisza.config.urls"):
        other = dicom_file(**{**MINE, "PatientName": "Zielinska^Ewa"})
        made = a_delivery(a_patient("MRN-A"))
        handed_in(made, ("CD/IM1", other), is_me=True)
        close(delivery=made, ending="upload", by=SYSTEM)
    text = page(radiology, at(made))

    assert "but the patient says: this is me" in text
    assert "agrees with the patient" not in text
    assert f'value="{made.files.get().pk}" checked' not in text


def test_numbers_of_images_are_short() -> None:
    assert ranges([3, 1, 2, None, 5, 7, 8]) == "1–3, 5, 7–8"
    assert ranges([None]) == ""


def test_a_refusal_without_a_word_comes_back(radiology: Client, delivery: Delivery) -> None:
    file = delivery.files.get(kind="pdf")
    answer = radiology.post(at(delivery, "decide/"), {"files": [str(file.pk)], "verdict": "refused"})

    assert answer.status_code == 400
    assert "Write the patient why" in answer.content.decode()
    assert not Takeover.objects.exists()


def test_images_are_looked_at_in_the_viewer(radiology: Client, delivery: Delivery) -> None:
    address = at(delivery, f"viewer/{delivery.previews.get().study_id}/")

    assert radiology.get(address).status_code == 200
    assert audited("delivery.images_viewed") == 1
    assert "/dicom-web/t/" in radiology.post(address + "ticket/").json()["base"]
    assert signed_in("clinic").get(address).status_code == 403


def test_an_open_list_is_nobodys_business(radiology: Client, delivery: Delivery) -> None:
    Delivery.objects.update(state="collecting")
    assert radiology.get(at(delivery)).status_code == 404


def test_a_document_from_a_file_is_told_like_a_result() -> None:
    desk, person = signed_in("registration"), a_patient()
    file = SimpleUploadedFile("karta.pdf", pdf("karta"), "application/pdf")
    form = {"title": "Karta informacyjna", "issued_at": "2026-11-20", "file": file}
    answer = desk.post(f"/staff/patients/{person.pk}/documents/", form)

    assert answer.status_code == 302
    document = Document.objects.get()
    assert (document.kind, document.title, document.patient) == ("hospital", "Karta informacyjna", person)
    assert NoticeIntent.objects.filter(account=person.account, fact="document").exists()


def test_a_program_is_no_document() -> None:
    desk, person = signed_in("registration"), a_patient()
    form = {"title": "x", "issued_at": "2026-11-20", "file": SimpleUploadedFile("a.pdf", b"MZ" + bytes(99))}

    assert desk.post(f"/staff/patients/{person.pk}/documents/", form).status_code == 400
    assert not Document.objects.exists()
