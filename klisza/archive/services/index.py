"""Study, Series and Instance rows of one arrival; inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Value
from django.db.models.functions import Greatest

from klisza.archive.models import HANDED_IN, Instance, Resent, Series, Study
from klisza.audit.services import record
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob

from .hiding import NOTE, WITHHELD, reason_of_all, rejected_as
from .resent import joins_claims, weigh
from .settle import quiet_time

if TYPE_CHECKING:
    from .store import Arrival

REQUESTS_MOST = 64  # of one series
CLAIMED = (
    "patient_id", "patient_name", "patient_sex", "accession_number", "accession_issuer",
)  # fmt: skip


def add_to_index(arrival: Arrival, stored: blobs.Stored, *, dataset_offset: int) -> Instance | None:
    """Returns None, having written nothing, when the study exists with another (issuer, PatientID).

    Unless the study is on its way to that patient: then the instance waits with the others (resent.py).
    Raises IntegrityError when another sender was faster with the same SOP Instance UID.
    """
    moment = clock.now()
    study, made = _study(arrival, moment)
    if (study.issuer, study.patient_id) != (arrival.issuer, arrival.header.patient_id):
        return _on_its_way(study, arrival, stored, dataset_offset)
    if made:
        record("study.received", by=arrival.sender, objects=[study])
    series = _series(study, arrival)
    return _instance(study, series, arrival, blobs.save(stored), dataset_offset)


def _on_its_way(study: Study, arrival: Arrival, stored: blobs.Stored, dataset_offset: int) -> Instance | None:
    study = Study.objects.select_for_update().get(pk=study.pk)
    if not joins_claims(study, issuer=arrival.issuer, patient_id=arrival.header.patient_id):
        return None
    blob = blobs.save(stored)
    instance = _instance(study, _series(study, arrival), arrival, blob, dataset_offset)
    claim_of(instance, arrival, blob, dataset_offset).save(force_insert=True)
    weigh(study, by=arrival.sender)
    return instance


def claim_of(instance: Instance, arrival: Arrival, blob: Blob, dataset_offset: int) -> Resent:
    """What the arrival says of an instance that its study does not say; not saved."""
    header = arrival.header
    values = _study_values(arrival)
    return Resent(
        instance=instance, issuer=arrival.issuer, transfer_syntax_uid=arrival.transfer_syntax_uid, blob=blob,
        requested_accessions=_requested(arrival), dataset_offset=dataset_offset,
        dataset_sha256=arrival.dataset_sha256, received_at=clock.now(),
        patient_birth_date=header.patient_birth_date,
        **{name: values[name] for name in CLAIMED},
    )  # fmt: skip


def _study(arrival: Arrival, moment: datetime) -> tuple[Study, bool]:
    """The row, made or re-opened. The update comes first: it locks the study, so that senders take turns."""
    header = arrival.header
    mine = Study.objects.filter(
        study_instance_uid=header.study_instance_uid, issuer=arrival.issuer, patient_id=header.patient_id
    )
    due = moment + quiet_time(header.modality)
    if mine.update(
        state=Study.State.RECEIVING,
        last_received_at=moment,
        settles_at=Greatest("settles_at", Value(due, output_field=Study._meta.get_field("settles_at"))),
    ):
        return mine.get(), False
    return Study.objects.get_or_create(
        study_instance_uid=header.study_instance_uid,
        defaults={
            **_study_values(arrival),
            "issuer": arrival.issuer,
            "hidden_reason": HANDED_IN if arrival.source.for_staff else "",
            "received_at": moment,
            "last_received_at": moment,
            "settles_at": due,
        },
    )


def _study_values(arrival: Arrival) -> dict[str, Any]:
    header = arrival.header
    return {
        "patient_id": header.patient_id,
        "patient_name": header.patient_name[:400],
        "patient_birth_date": header.patient_birth_date,
        "patient_sex": header.patient_sex[:16],
        "accession_number": header.accession_number[:64],
        "accession_issuer": _accession_issuer(header.accession_number, header.accession_issuer, arrival),
        "study_date": header.study_date,
        "study_time": header.study_time,
        "study_description": header.study_description[:200],
        "study_id": header.study_id[:64],
        "institution_name": header.institution_name[:200],
    }


def _series(study: Study, arrival: Arrival) -> Series:
    header = arrival.header
    requested = _requested(arrival)
    series, made = Series.objects.get_or_create(
        study=study,
        series_instance_uid=header.series_instance_uid,
        defaults={
            "modality": header.modality[:16],
            "series_number": header.series_number,
            "series_description": header.series_description[:200],
            "body_part_examined": header.body_part_examined[:64],
            "laterality": header.laterality[:16],
            "station_name": header.station_name[:64],
            "requested_accessions": requested,
        },
    )
    if not made and (further := [pair for pair in requested if pair not in series.requested_accessions]):
        series.requested_accessions = sorted([*series.requested_accessions, *further])[:REQUESTS_MOST]
        series.save(update_fields=["requested_accessions"])
    return series


def _requested(arrival: Arrival) -> list[list[str]]:
    return [
        [number[:64], _accession_issuer(number, issuer, arrival)]
        for number, issuer in arrival.header.requested_accessions
    ]


def _accession_issuer(number: str, named: str, arrival: Arrival) -> str:
    """Whose number it is: as the object says, else the sender's, else nobody's."""
    return (named or arrival.source.issuer)[:128] if number else ""


def _instance(study: Study, series: Series, arrival: Arrival, blob: Blob, dataset_offset: int) -> Instance:
    header = arrival.header
    hidden = _hidden_reason(study, arrival)
    instance = Instance.objects.create(
        series=series,
        sop_instance_uid=header.sop_instance_uid,
        sop_class_uid=header.sop_class_uid,
        transfer_syntax_uid=arrival.transfer_syntax_uid,
        instance_number=header.instance_number,
        number_of_frames=header.number_of_frames,
        rows=header.rows,
        columns=header.columns,
        blob=blob,
        dataset_offset=dataset_offset,
        dataset_sha256=arrival.dataset_sha256,
        source=arrival.source.name[:64],
        hidden_reason=hidden,
        received_at=clock.now(),
    )
    if study.hidden_reason not in (*WITHHELD, HANDED_IN) and bool(hidden) != bool(study.hidden_reason):
        # The first visible one of a rejected study, or one that its note was waiting for.
        Study.objects.filter(pk=study.pk).update(hidden_reason=reason_of_all(study))
    return instance


def _hidden_reason(study: Study, arrival: Arrival) -> str:
    if arrival.note and arrival.note.is_rejection:
        return NOTE
    rejected = rejected_as(study.study_instance_uid, arrival.header.sop_instance_uid)
    return rejected or ("mixed" if study.hidden_reason in WITHHELD else "")
