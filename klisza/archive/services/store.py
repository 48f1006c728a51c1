"""One instance comes in, from whichever door: durable bytes, then one short transaction, then the answer.

Idempotent: the same data set again changes nothing. Never overwritten: another data set under the same SOP
Instance UID, or a study that claims two patients, is kept aside for staff (R28, hospital-integration.md 1.5); the
same object with another patient waits until its whole study says so (resent.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.archive.models import Instance, Resent, Study
from klisza.audit.actor import Actor
from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob
from klisza.standards.dicom.errors import Unreadable
from klisza.standards.dicom.header import Header, read_header
from klisza.standards.dicom.part10 import split, wrap
from klisza.standards.dicom.rejection import KEY_OBJECT_SELECTION, Note, read_note
from klisza.standards.dicom.sameness import essence
from klisza.standards.dicom.uids import is_uid

from .faults import DATABASE_FAULTS, database_faults
from .hiding import WITHHELD
from .index import add_to_index, claim_of
from .mapped import mapped
from .quarantine import quarantine
from .rejection import apply_note
from .resent import drop_claim, take_claim

Dataset = bytes | memoryview
REQUIRED_UIDS = {
    "SOPClassUID": "sop_class_uid",
    "SOPInstanceUID": "sop_instance_uid",
    "StudyInstanceUID": "study_instance_uid",
    "SeriesInstanceUID": "series_instance_uid",
}
PATIENT_ID_LENGTH = 128


@dataclass(frozen=True)
class Source:
    """Who sent it. issuer: of patient ids without one in the object; charset: assumed for unlabelled text.

    for_staff: a patient's files to be looked at; the study is linked to nobody and told to no machine.
    """

    name: str
    issuer: str = ""
    charset: str = ""
    for_staff: bool = False


@dataclass(frozen=True)
class Outcome:
    """status: stored | duplicate | resent | conflict | quarantined | refused.

    resent: a stored instance with another patient, kept until its study agrees. conflict and quarantined
    objects are kept for staff; all of these count as taken over, refused ones stay with the sender.
    cause: of a refusal: unreadable | mismatch. reason: one line for staff without patient data.
    """

    status: str
    reason: str = ""
    instance_id: UUID | None = None
    cause: str = ""
    study_id: UUID | None = None


@dataclass(frozen=True)
class Arrival:
    """An instance on its way in: what it says, how it travelled, and whose patient id it carries."""

    header: Header
    dataset: Dataset
    dataset_sha256: str
    transfer_syntax_uid: str
    issuer: str
    source: Source
    note: Note | None = None

    @property
    def sender(self) -> Actor:
        return Actor("machine", client=self.source.name[:64])

    def part10_head(self) -> bytes:
        return wrap(
            sop_class_uid=self.header.sop_class_uid,
            sop_instance_uid=self.header.sop_instance_uid,
            transfer_syntax_uid=self.transfer_syntax_uid,
        )


class _Mismatch(Unreadable):
    """The data set is not the instance that the sender announced."""


def store_instance(
    *,
    dataset: Dataset = b"",
    part10: Path | None = None,
    transfer_syntax_uid: str = "",
    sop_class_uid: str = "",
    sop_instance_uid: str = "",
    source: Source,
) -> Outcome:
    """Take one instance over: `dataset` as received in `transfer_syntax_uid`, or a whole DICOM file `part10`.

    sop_class_uid, sop_instance_uid: what was announced with it (C-STORE command); empty when nothing was.
    Raises Unavailable (disk full, database locked): nothing was kept, the sender should try again.
    """
    if part10 is not None:
        return _store_file(part10, sop_class_uid, sop_instance_uid, source)
    digest = hashlib.sha256(dataset).hexdigest()
    try:
        header = _read(dataset, transfer_syntax_uid, sop_class_uid, sop_instance_uid, source)
        is_note = header.sop_class_uid == KEY_OBJECT_SELECTION
        note = read_note(dataset, transfer_syntax_uid) if is_note else None
    except Unreadable as fault:
        quarantine(
            kind="unreadable", reason=fault.reason, sha256=digest, source=source.name, pieces=(dataset,)
        )
        cause = "mismatch" if isinstance(fault, _Mismatch) else "unreadable"
        return Outcome("refused", fault.reason, cause=cause)
    arrival = Arrival(header, dataset, digest, transfer_syntax_uid, issuer_of(header, source), source, note)
    with database_faults():
        known = _known(arrival)
        return _again(known, arrival) if known else _keep(arrival)


def _store_file(path: Path, sop_class_uid: str, sop_instance_uid: str, source: Source) -> Outcome:
    with path.open("rb") as file, mapped(file) as view:
        try:
            found = split(view)
        except Unreadable as fault:
            return Outcome("refused", fault.reason, cause="unreadable")
        with view[found.offset :] as dataset:
            return store_instance(
                dataset=dataset,
                transfer_syntax_uid=found.transfer_syntax_uid,
                sop_class_uid=sop_class_uid,
                sop_instance_uid=sop_instance_uid,
                source=source,
            )


def _read(dataset: Dataset, syntax: str, sop_class: str, sop_instance: str, source: Source) -> Header:
    header = read_header(dataset, syntax, charset=source.charset)
    for keyword, uid in zip(
        REQUIRED_UIDS,
        (
            header.sop_class_uid,
            header.sop_instance_uid,
            header.study_instance_uid,
            header.series_instance_uid,
        ),
        strict=True,
    ):
        if not is_uid(uid):
            raise Unreadable(f"{keyword} is {'not a valid UID' if uid else 'missing'}")
    if not is_uid(syntax):
        raise Unreadable("the transfer syntax is not a valid UID")
    if len(header.patient_id) > PATIENT_ID_LENGTH:
        raise Unreadable("PatientID is longer than any identifier we can compare")
    if sop_class and sop_class != header.sop_class_uid:
        raise _Mismatch("SOPClassUID of the data set differs from the announced one")
    if sop_instance and sop_instance != header.sop_instance_uid:
        raise _Mismatch("SOPInstanceUID of the data set differs from the announced one")
    return header


def issuer_of(header: Header, source: Source) -> str:
    """Whose number the PatientID is; two hospitals share 000123 (hospital-integration.md 1.5)."""
    named = header.universal_entity_id or header.issuer_of_patient_id or source.issuer or settings.ISSUER
    return named[:PATIENT_ID_LENGTH]


def _known(arrival: Arrival) -> Instance | None:
    rows = Instance.objects.filter(sop_instance_uid=arrival.header.sop_instance_uid)
    return rows.select_related("series__study").defer("frame_index").first()


def _again(known: Instance, arrival: Arrival) -> Outcome:
    """The SOP Instance UID is taken: the first one stays what it is, hidden or not."""
    study = known.series.study
    names_its_patient = (study.issuer, study.patient_id) == (arrival.issuer, arrival.header.patient_id)
    if study.hidden_reason in WITHHELD and names_its_patient and _is_same(known, arrival):
        drop_claim(known, by=arrival.sender)
    if known.dataset_sha256 == arrival.dataset_sha256:
        return Outcome("duplicate", instance_id=known.pk, study_id=study.pk)
    if not names_its_patient and _is_same(known, arrival):
        return _resent(known, arrival)
    reason = "another data set with the SOP Instance UID of a stored one; the first one stays"
    _quarantine(arrival, "same_uid_other_bytes", reason, known)
    return Outcome("conflict", reason, known.pk)


def _is_same(known: Instance, arrival: Arrival) -> bool:
    """Apart from patient and order."""
    if known.dataset_sha256 == arrival.dataset_sha256:
        return True
    header, series = arrival.header, known.series
    names = (known.sop_class_uid, series.series_instance_uid, series.study.study_instance_uid)
    if names != (header.sop_class_uid, header.series_instance_uid, header.study_instance_uid):
        return False
    with (
        blobs.open_path(known.blob_id).open("rb") as file,
        mapped(file) as view,
        view[known.dataset_offset :] as stored,
    ):
        before = essence(stored, known.transfer_syntax_uid)
    return before == essence(arrival.dataset, arrival.transfer_syntax_uid)


def _resent(known: Instance, arrival: Arrival) -> Outcome:
    outcome = Outcome("resent", "again with another patient", known.pk, study_id=known.series.study_id)
    if Resent.objects.filter(instance=known, dataset_sha256=arrival.dataset_sha256).exists():
        return outcome
    stored = blobs.put((head := arrival.part10_head(), arrival.dataset))
    try:
        with transaction.atomic():
            claim = claim_of(known, arrival, blobs.save(stored), len(head))
            taken = take_claim(known, claim, by=arrival.sender)
            if not taken:
                claim.blob.delete()
    except DATABASE_FAULTS:
        _take_back(stored)
        raise
    if not taken:
        blobs.delete(stored.key)
    return outcome


def _keep(arrival: Arrival) -> Outcome:
    """Bytes durable, then rows. Whoever loses the race for the UID takes his bytes back."""
    stored = blobs.put((head := arrival.part10_head(), arrival.dataset))
    try:
        with transaction.atomic():
            instance = add_to_index(arrival, stored, dataset_offset=len(head))
            if instance and arrival.note and arrival.note.is_rejection:
                apply_note(arrival.note, note_uid=instance.sop_instance_uid, by=arrival.sender)
    except IntegrityError:
        blobs.delete(stored.key)
        known = _known(arrival)
        if known is None:
            raise Unavailable("database") from None
        return _again(known, arrival)
    except DATABASE_FAULTS:
        _take_back(stored)
        raise
    if instance is None:
        blobs.delete(stored.key)
        reason = "the study belongs to another patient id; nothing was joined to it"
        _quarantine(arrival, "same_study_other_patient", reason, None)
        return Outcome("quarantined", reason)
    return Outcome("stored", instance_id=instance.pk, study_id=instance.series.study_id)


def _take_back(stored: blobs.Stored) -> None:
    """A lost connection may hide a commit: remove the bytes only when the row is surely not there."""
    try:
        if not Blob.objects.filter(key=stored.key).exists():
            blobs.delete(stored.key)
    except DATABASE_FAULTS:
        pass  # the sweep decides later


def _quarantine(arrival: Arrival, kind: str, reason: str, instance: Instance | None) -> None:
    quarantine(
        kind=kind,
        reason=reason,
        sha256=arrival.dataset_sha256,
        source=arrival.source.name,
        pieces=(arrival.part10_head(), arrival.dataset),
        instance=instance,
        study=Study.objects.filter(study_instance_uid=arrival.header.study_instance_uid).first(),
    )
