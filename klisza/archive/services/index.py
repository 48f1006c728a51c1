"""Study, Series and Instance rows of one arrival; inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Greatest

from klisza.archive.models import Instance, Series, Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.standards.dicom.header import Header

if TYPE_CHECKING:
    from .store import Arrival

# Their modalities send one study over hours (hospital-integration.md 1.4).
SLOW_MODALITIES = ("US", "XA")
REQUESTS_MOST = 64  # of one series


def add_to_index(arrival: Arrival, stored: blobs.Stored, *, dataset_offset: int) -> Instance | None:
    """Returns None, having written nothing, when the study exists with another (issuer, PatientID).

    Raises IntegrityError when another sender was faster with the same SOP Instance UID.
    """
    moment = clock.now()
    study, made = _study(arrival, moment)
    if (study.issuer, study.patient_id) != (arrival.issuer, arrival.header.patient_id):
        return None
    if made:
        record("study.received", by=Actor("machine", client=arrival.source.name[:64]), objects=[study])
    series = _series(study, arrival)
    return _instance(series, arrival, stored, dataset_offset, moment)


def _study(arrival: Arrival, moment: datetime) -> tuple[Study, bool]:
    """The row, made or re-opened. The update comes first: it locks the study, so that senders take turns."""
    header = arrival.header
    mine = Study.objects.filter(
        study_instance_uid=header.study_instance_uid, issuer=arrival.issuer, patient_id=header.patient_id
    )
    due = moment + _quiet_time(header.modality)
    if mine.update(
        state=Study.State.RECEIVING,
        last_received_at=moment,
        settles_at=Greatest("settles_at", Value(due, output_field=Study._meta.get_field("settles_at"))),
    ):
        return mine.get(), False
    return Study.objects.get_or_create(
        study_instance_uid=header.study_instance_uid,
        defaults={
            **_study_values(header),
            "issuer": arrival.issuer,
            "accession_issuer": _accession_issuer(header.accession_number, header.accession_issuer, arrival),
            "received_at": moment,
            "last_received_at": moment,
            "settles_at": due,
        },
    )


def _quiet_time(modality: str) -> timedelta:
    slow = modality in SLOW_MODALITIES
    return timedelta(seconds=settings.SETTLE_SECONDS_LONG if slow else settings.SETTLE_SECONDS)


def _study_values(header: Header) -> dict[str, Any]:
    return {
        "patient_id": header.patient_id,
        "patient_name": header.patient_name[:400],
        "patient_birth_date": header.patient_birth_date,
        "patient_sex": header.patient_sex[:16],
        "accession_number": header.accession_number[:64],
        "study_date": header.study_date,
        "study_time": header.study_time,
        "study_description": header.study_description[:200],
        "study_id": header.study_id[:64],
        "institution_name": header.institution_name[:200],
    }


def _series(study: Study, arrival: Arrival) -> Series:
    header = arrival.header
    requested = [
        [number[:64], _accession_issuer(number, issuer, arrival)]
        for number, issuer in header.requested_accessions
    ]
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


def _accession_issuer(number: str, named: str, arrival: Arrival) -> str:
    """Whose number it is: as the object says, else the sender's, else nobody's."""
    return (named or arrival.source.issuer)[:128] if number else ""


def _instance(
    series: Series, arrival: Arrival, stored: blobs.Stored, dataset_offset: int, moment: datetime
) -> Instance:
    header = arrival.header
    return Instance.objects.create(
        series=series,
        sop_instance_uid=header.sop_instance_uid,
        sop_class_uid=header.sop_class_uid,
        transfer_syntax_uid=arrival.transfer_syntax_uid,
        source=arrival.source.name[:64],
        instance_number=header.instance_number,
        number_of_frames=header.number_of_frames,
        rows=header.rows,
        columns=header.columns,
        blob=blobs.save(stored),
        dataset_offset=dataset_offset,
        dataset_sha256=arrival.dataset_sha256,
        received_at=moment,
    )
