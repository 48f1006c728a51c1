"""Staff accept or refuse what was handed in (B18); nothing of it is an own examination before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pydicom import dcmread

from klisza.archive.jobs import run_settle
from klisza.archive.models import Forward, Instance, Peer, Study
from klisza.audit.actor import Actor
from klisza.base.errors import Refused
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob
from klisza.documents.models import Document, Handing
from klisza.examinations import queries as examinations
from klisza.examinations.jobs import run_early_linking, run_linking
from klisza.examinations.models import ExaminationStudy, StudyIntake
from klisza.notifications.models import Message
from klisza.patients.models import Patient
from klisza.uploads import jobs, queries, services
from klisza.uploads.models import Delivery, HandedFile, Preview
from klisza.uploads.services import carrying, previewing, taking
from tests.examinations.given import a_patient, mrn_of, pdf, viewer
from tests.gateways.objects import dataset

from .given import PERSON, a_delivery, dicom_file, handed_in

pytestmark = pytest.mark.django_db
CLERK = Actor("staff", "clerk", role="registration")
MINE = {"PatientID": "B-17", "PatientName": "Kowalczyk^Anna", "PatientBirthDate": "19580321"}


@pytest.fixture
def anna() -> Patient:
    return a_patient("MRN-A")


def sent(patient: Patient, *contents: tuple[str, bytes]) -> Delivery:
    """Handed in, sorted, the list closed."""
    delivery = a_delivery(patient)
    handed_in(delivery, *contents)
    services.close(delivery=delivery, ending="upload", by=PERSON)
    delivery.refresh_from_db()
    return delivery


def disc(count: int = 2, **changes: object) -> list[tuple[str, bytes]]:
    first = dataset()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    return [
        (f"CD/IM{number}", dicom_file(**{**MINE, **same, "InstanceNumber": number, **changes}))
        for number in range(count)
    ]


def ids(delivery: Delivery) -> list[Any]:
    return list(delivery.files.values_list("pk", flat=True))


def accept(delivery: Delivery, **more: Any) -> Any:
    return taking.decide(delivery=delivery, file_ids=ids(delivery), verdict="accepted", by=CLERK, **more)


class TestDocuments:
    def test_they_stand_with_the_patient_at_once(self, anna: Patient) -> None:
        """M4.3"""
        delivery = sent(anna, ("wypis.pdf", pdf("a")))
        assert jobs.run_documents() == 1
        assert jobs.run_documents() == 0

        own = examinations.documents_of(viewer(anna))
        assert [(one.kind, one.title) for one in own] == [("own", "wypis.pdf")]
        assert Handing.objects.get(document=own[0]).state == "sent"
        assert delivery.files.get().state == "sorted"

    def test_nothing_of_an_open_list_is_shown(self, anna: Patient) -> None:
        handed_in(a_delivery(anna), ("wypis.pdf", pdf("a")))
        assert jobs.run_documents() == 0

    def test_what_became_of_them_is_told(self, anna: Patient) -> None:
        """M4.3: taken over, refused and why."""
        delivery = sent(anna, ("a.pdf", pdf("a")), ("b.pdf", pdf("b")))
        jobs.run_documents()
        first, second = ids(delivery)
        taking.decide(delivery=delivery, file_ids=[first], verdict="accepted", by=CLERK)
        jobs.run_takeovers()
        why = "Prosimy o zdjęcie całej strony."
        taking.decide(delivery=delivery, file_ids=[second], verdict="refused", message=why, by=CLERK)

        assert Handing.objects.get(source=first).state == "taken_over"
        refused = Handing.objects.get(source=second)
        assert (refused.state, refused.reason) == ("refused", why)
        assert Document.objects.filter(kind="own").count() == 2
        assert Message.objects.filter(channel="mail", account_id=anna.account.pk, kind="notice").count() == 2


class TestPreviews:
    def test_staff_look_at_a_copy_with_uids_of_its_own(self, anna: Patient) -> None:
        """R28: a file from outside keeps no place that a department's object needs."""
        delivery = sent(anna, *disc())
        jobs.run_previews()

        file = delivery.files.first()
        assert file
        assert not Instance.objects.filter(sop_instance_uid=file.sop_instance_uid).exists()
        preview = Preview.objects.get(delivery=delivery)
        assert preview.study.hidden_reason == "handed_in"
        assert preview.study.series.get().instances.count() == 2
        assert jobs.run_previews() == 0

    def test_a_study_is_opened_once_all_of_it_is_there(
        self, anna: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that grows under the viewer would lose its images while somebody looks."""
        delivery = sent(anna, *disc())
        monkeypatch.setattr(previewing, "AT_ONCE", 1)
        for _each_file in delivery.files.all():
            jobs.run_previews()
            assert queries.discs(delivery)[0].preview_id is None
        run_settle()
        assert queries.discs(delivery)[0].preview_id == Preview.objects.get().study_id

    def test_nobody_else_comes_to_see_it(self, anna: Patient) -> None:
        """Not the patient, and no list of images without one."""
        sent(anna, *disc(PatientID=mrn_of(anna), IssuerOfPatientID="local"))
        jobs.run_previews()
        run_settle()
        run_early_linking()
        run_linking()

        assert not ExaminationStudy.objects.exists()
        assert not StudyIntake.objects.exists()
        assert not examinations.visible(viewer(anna), purpose="list").exists()

    def test_a_file_that_breaks_the_reader_costs_only_itself(self, anna: Patient) -> None:
        delivery = sent(anna, *disc(1))
        file = delivery.files.get()
        file.blob = blobs.save(blobs.put(b"not what it was"))
        file.save()

        assert jobs.run_previews() == 1
        assert not Preview.objects.exists()
        assert queries.discs(delivery)[0].preview_id is None


class TestAcceptance:
    def test_images_become_an_examination_under_our_number(self, anna: Patient) -> None:
        delivery = sent(anna, *disc())
        takeover = accept(delivery)
        assert not examinations.visible(viewer(anna), purpose="list").exists()
        jobs.run_takeovers()

        study = Study.objects.get(patient_id="MRN-A")
        assert (study.issuer, study.accession_number) == ("local", takeover.accession_number)
        examination = ExaminationStudy.objects.get(study=study).examination
        assert examination.patient == anna
        assert set(delivery.files.values_list("state", flat=True)) == {"accepted"}
        stored = dcmread(Path(blobs.open_path(study.series.get().instances.earliest("pk").blob_id)))
        original = stored.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
        assert (original.PatientID, original.AccessionNumber) == ("B-17", "ACC1")
        assert stored.OtherPatientIDsSequence[0].IssuerOfPatientID.startswith("foreign:")

    def test_an_order_gives_its_number(self, anna: Patient) -> None:
        from tests.examinations.given import an_examination

        ordered = an_examination(anna, accession_number="RIS-1")
        delivery = sent(anna, *disc())
        assert accept(delivery, examination=ordered).accession_number == "RIS-1"
        jobs.run_takeovers()

        study = Study.objects.filter(series__instances__source="taken-over").distinct().get()
        assert ExaminationStudy.objects.get(study=study).examination == ordered

    def test_it_is_forwarded_and_done_again_makes_nothing_twice(self, anna: Patient) -> None:
        pacs = Peer.objects.create(
            name="pacs", ae_title="PACS", address="127.0.0.1", port=104, created_at=timezone.now()
        )
        delivery = sent(anna, *disc())
        takeover = accept(delivery, peer=pacs)
        carrying._take_images(takeover, list(delivery.files.all()))  # a worker died in the middle
        jobs.run_takeovers()

        assert Instance.objects.filter(source="taken-over").count() == 2
        forward = Forward.objects.get(subject=takeover.pk)
        assert forward.instances.filter(state="waiting").count() == 2
        assert jobs.run_takeovers() == 0

    def test_another_object_with_its_uid_stays(self, anna: Patient) -> None:
        """N9: never overwritten, never revealed."""
        [(_, body)] = one = disc(1)
        delivery = sent(anna, *one)
        file = delivery.files.get()
        other = a_patient("MRN-B")
        theirs = dataset(
            SOPInstanceUID=file.sop_instance_uid,
            StudyInstanceUID=file.study_instance_uid,
            PatientID=mrn_of(other),
        )
        from tests.archive.arriving import store

        store(theirs)
        accept(delivery)
        for _ in range(carrying.TRIES_MOST):
            jobs.run_takeovers()

        file.refresh_from_db()
        assert (file.state, file.reason) == ("quarantined", "same_uid")
        assert Study.objects.get().patient_id == "MRN-B"
        assert body


class TestRefusals:
    def test_somebody_elses_images_need_a_reason(self, anna: Patient) -> None:
        """N8: maiden name."""
        delivery = sent(anna, *disc(PatientName="Zielinska^Ewa", PatientBirthDate="19700101"))
        with pytest.raises(Refused):
            accept(delivery)
        accept(delivery, reason="maiden name, identity card seen")
        jobs.run_takeovers()
        assert Study.objects.filter(patient_id="MRN-A").exists()

    def test_a_refusal_needs_words_for_the_patient(self, anna: Patient) -> None:
        delivery = sent(anna, *disc(1))
        with pytest.raises(Refused):
            taking.decide(delivery=delivery, file_ids=ids(delivery), verdict="refused", by=CLERK)

    def test_nobody_decides_twice(self, anna: Patient) -> None:
        delivery = sent(anna, *disc(1))
        accept(delivery)
        with pytest.raises(Refused):
            accept(delivery)

    def test_an_examination_of_somebody_else_is_refused(self, anna: Patient) -> None:
        from tests.examinations.given import an_examination

        delivery = sent(anna, *disc(1))
        with pytest.raises(Refused):
            accept(delivery, examination=an_examination(a_patient()))

    def test_what_is_refused_leaves_the_inbox(self, anna: Patient) -> None:
        delivery = sent(anna, *disc(1))
        assert list(queries.undecided()) == [delivery]
        taking.decide(
            delivery=delivery, file_ids=ids(delivery), verdict="refused", message="Nie te.", by=CLERK
        )

        assert not queries.undecided().exists()
        assert HandedFile.objects.get().state == "refused"

    @pytest.mark.parametrize("verdict", ["accepted", "refused"])
    def test_the_copy_for_the_viewer_goes_with_the_decision(self, anna: Patient, verdict: str) -> None:
        delivery = sent(anna, *disc())
        jobs.run_previews()
        preview = Preview.objects.get().study
        shown = set(Instance.objects.values_list("blob_id", flat=True))
        taking.decide(
            delivery=delivery, file_ids=ids(delivery), verdict=verdict, message="Dziękujemy.", by=CLERK
        )
        jobs.run_takeovers()

        assert not Study.objects.filter(pk=preview.pk).exists()
        assert not Blob.objects.filter(pk__in=shown).exists()
        kept = delivery.files.exclude(blob=None).count()
        assert kept == (2 if verdict == "accepted" else 0)
