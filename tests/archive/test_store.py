from __future__ import annotations

from pathlib import Path

import pytest
from django.db import OperationalError
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from klisza.archive import services
from klisza.archive.models import Instance, Quarantined, Series, Study
from klisza.archive.services import Outcome, Source
from klisza.audit.models import AuditEvent
from klisza.base.errors import Unavailable
from klisza.blobs import storage
from tests.gateways.objects import EXPLICIT, dataset, encode, part10

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> Path:
    """A storage folder of its own for each test."""
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]
    return tmp_path / "blobs"


def _store(made: Dataset, *, source: Source | None = None, **announced: str) -> Outcome:
    return services.store_instance(
        dataset=encode(made), transfer_syntax_uid=EXPLICIT, source=source or Source("test"), **announced
    )


def _files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_an_instance_is_stored_as_received() -> None:
    made = dataset()

    outcome = _store(made)

    instance = Instance.objects.get(pk=outcome.instance_id)
    kept = storage.read(instance.blob_id)
    assert outcome.status == "stored"
    assert kept[instance.dataset_offset :] == encode(made)
    assert (instance.rows, instance.columns, instance.number_of_frames, instance.instance_number) == (
        8,
        8,
        1,
        7,
    )


def test_the_index_says_what_the_object_says() -> None:
    _store(dataset(StudyDescription="CT głowy", SpecificCharacterSet="ISO_IR 192", SeriesNumber=3))

    study, series = Study.objects.get(), Series.objects.get()
    assert (study.patient_id, study.accession_number, study.study_description) == ("MRN1", "ACC1", "CT głowy")
    assert (series.modality, series.series_number) == ("CT", 3)


def test_arrival_is_audited_once_a_study() -> None:
    first = dataset()
    _store(first)
    _store(dataset(StudyInstanceUID=first.StudyInstanceUID))

    assert AuditEvent.objects.filter(action="study.received").count() == 1
    assert Instance.objects.count() == 2


def test_a_file_is_stored_without_its_preamble(tmp_path: Path) -> None:
    """R29"""
    path = tmp_path / "0"
    path.write_bytes(b"MZ" + bytes(126) + part10(dataset())[128:])

    outcome = services.store_instance(part10=path, source=Source("test"))

    assert storage.read_range(Instance.objects.get(pk=outcome.instance_id).blob_id, 0, 128) == bytes(128)


def test_a_duplicate_changes_nothing(place: Path) -> None:
    """L6"""
    made = dataset()
    first = _store(made)
    files = _files(place)

    again = _store(made)

    assert (again.status, again.instance_id) == ("duplicate", first.instance_id)
    assert _files(place) == files


def test_other_bytes_are_a_conflict() -> None:
    """R28: the first wins, the second is kept for staff."""
    made = dataset()
    first = _store(made)

    outcome = _store(dataset(**{**_uids(made), "PatientID": "MRN2", "PixelData": bytes(range(128))}))

    assert outcome.status == "conflict"
    kept = Quarantined.objects.get()
    assert (kept.kind, kept.instance_id) == ("same_uid_other_bytes", first.instance_id)
    assert Instance.objects.get().dataset_sha256 == Instance.objects.get(pk=first.instance_id).dataset_sha256
    assert Study.objects.get().patient_id == "MRN1"


def test_a_study_of_two_patients_is_not_joined(place: Path) -> None:
    """The second object is kept aside; neither study, series nor instance takes it in."""
    first = dataset()
    _store(first)

    outcome = _store(dataset(StudyInstanceUID=first.StudyInstanceUID, PatientID="MRN2"))

    assert outcome.status == "quarantined"
    assert (Instance.objects.count(), Series.objects.count()) == (1, 1)
    assert Quarantined.objects.get().kind == "same_study_other_patient"
    assert len(_files(place)) == 2


def test_the_same_number_of_another_issuer_is_another_patient() -> None:
    """R60"""
    first = dataset(IssuerOfPatientID="HOSPITAL-A")
    _store(first)

    outcome = _store(dataset(StudyInstanceUID=first.StudyInstanceUID, IssuerOfPatientID="HOSPITAL-B"))

    assert outcome.status == "quarantined"


@pytest.mark.parametrize(
    ("universal", "local", "source", "expected"),
    [
        ("1.2.616", "NS", "PEER", "1.2.616"),
        ("", "NS", "PEER", "NS"),
        ("", "", "PEER", "PEER"),
        ("", "", "", "local"),
    ],
)
def test_the_issuer_has_an_order(universal: str, local: str, source: str, expected: str) -> None:
    qualifiers = Dataset()
    qualifiers.UniversalEntityID = universal
    made = dataset(IssuerOfPatientID=local, IssuerOfPatientIDQualifiersSequence=Sequence([qualifiers]))

    _store(made, source=Source("test", source))

    assert Study.objects.get().issuer == expected


def test_accessions_are_merged_over_a_series() -> None:
    """A grouped study: each procedure of it has a number, the study itself may have none."""
    first = dataset(AccessionNumber="", RequestAttributesSequence=_requests("B2"))
    _store(first, source=Source("test", "HOSP"))
    _store(dataset(**{**_uids(first), "SOPInstanceUID": generate_uid(), "AccessionNumber": "",
                      "RequestAttributesSequence": _requests("B2", "A1")}), source=Source("test", "HOSP"))  # fmt: skip

    study = Study.objects.get()
    assert Series.objects.get().requested_accessions == [["A1", "HOSP"], ["B2", "HOSP"]]
    assert (study.accession_number, study.accession_issuer) == ("B2", "HOSP")


def test_an_accession_without_issuer_stays_so() -> None:
    _store(dataset())

    assert Study.objects.get().accession_issuer == ""


def test_an_object_without_patient_is_kept() -> None:
    """A business matter: stored, matched to nobody."""
    assert _store(dataset(PatientID=None)).status == "stored"


@pytest.mark.parametrize(
    "keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
)
def test_the_four_uids_are_required(keyword: str) -> None:
    outcome = _store(dataset(**{keyword: None}))

    assert (outcome.status, outcome.cause) == ("refused", "unreadable")
    assert Quarantined.objects.get().reason == f"{keyword} is missing"


@pytest.mark.parametrize("announced", ["sop_class_uid", "sop_instance_uid"])
def test_what_was_announced_must_come(announced: str) -> None:
    outcome = _store(dataset(), **{announced: generate_uid()})

    assert (outcome.status, outcome.cause) == ("refused", "mismatch")


def test_the_same_bad_object_is_one_row() -> None:
    made = dataset(StudyInstanceUID=None)

    for _ in range(3):
        _store(made)

    assert Quarantined.objects.get().seen == 3


def test_a_hidden_instance_stays_hidden() -> None:
    made = dataset()
    first = _store(made)
    Instance.objects.filter(pk=first.instance_id).update(hidden_reason="rejected")

    _store(made)

    assert Instance.objects.get().hidden_reason == "rejected"


def test_a_locked_database_leaves_no_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L4, L5: the sender may try again; nothing is half-written."""

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("klisza.archive.services.store.add_to_index", locked)

    with pytest.raises(Unavailable):
        _store(dataset())
    assert _files(place) == []


def _requests(*numbers: str) -> Sequence:
    items = [Dataset() for _ in numbers]
    for item, number in zip(items, numbers, strict=True):
        item.AccessionNumber = number
    return Sequence(items)


def _uids(made: Dataset) -> dict[str, str]:
    keywords = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    return {keyword: str(made[keyword].value) for keyword in keywords}
