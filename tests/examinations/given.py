"""Patients, studies and reports for tests, as the archive and the hospital's script would leave them."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pypdfium2
from pydicom.uid import generate_uid

from klisza.archive.models import Instance, Series, Study
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.examinations import services
from klisza.examinations.models import Examination, ReportVersion
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.patients.viewer import Viewer
from tests.accounts.people import active_account

SCRIPT = Actor(kind="system", role="script")
READER = Actor(kind="account", id="reader")
ISSUER = "local"
BORN = date(1958, 3, 21)
_numbers = itertools.count(1)


def pdf(text: str = "") -> bytes:
    """A one-page PDF; another number makes other bytes."""
    document = pypdfium2.PdfDocument.new()
    document.new_page(200 + next(_numbers) if not text else 200, 300).close()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue() + f"\n% {text}\n".encode()


def a_patient(mrn: str = "", *, account: bool = True, **fields: Any) -> Patient:
    now = clock.now()
    values = {
        "family_name": "Kowalczyk",
        "given_name": "Anna",
        "birth_date": BORN,
        "created_at": now,
        "updated_at": now,
    }
    patient = Patient.objects.create(**{**values, **fields})
    PatientIdentifier.objects.create(patient=patient, issuer=ISSUER, value=mrn or f"MRN{next(_numbers)}")
    if account:
        patient.account = active_account(email=f"p{next(_numbers)}@example.org")
        patient.save()
    return patient


def mrn_of(patient: Patient) -> str:
    return str(patient.identifiers.earliest("pk").value)


def viewer(patient: Patient) -> Viewer:
    return patients.viewer_for(patient.account, READER)


def a_study(
    patient: Patient | None = None, *, modalities: tuple[str, ...] = ("CT",), images: int = 2, **fields: Any
) -> Study:
    """Settled, with `images` objects of one frame in each series that holds images."""
    now = clock.now()
    values: dict[str, Any] = {
        "study_instance_uid": generate_uid(),
        "issuer": ISSUER,
        "state": Study.State.SETTLED,
        "revision": 1,
        "received_at": now,
        "last_received_at": now,
        "settles_at": now,
        "study_date": date(2026, 11, 20),
        "study_time": time(9, 30),
    }
    if patient:
        values |= {
            "patient_id": mrn_of(patient),
            "patient_name": f"{patient.family_name}^{patient.given_name}",
            "patient_birth_date": patient.birth_date,
        }
    study = Study.objects.create(**{**values, **fields})
    for modality in modalities:
        a_series(study, modality, images)
    return study


def a_series(study: Study, modality: str, images: int) -> Series:
    series = Series.objects.create(
        study=study, series_instance_uid=generate_uid(), modality=modality, series_number=next(_numbers)
    )
    for number in range(images):
        an_instance(series, b"DICM" + bytes([number]), instance_number=number + 1)
    return series


def an_instance(series: Series, part10: bytes, **fields: Any) -> Instance:
    values: dict[str, Any] = {
        "sop_instance_uid": generate_uid(),
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "number_of_frames": 1,
        "rows": 8,
        "columns": 8,
        "dataset_offset": 132,
        "dataset_sha256": "0" * 64,
        "received_at": clock.now(),
    }
    return Instance.objects.create(series=series, blob=blobs.save(blobs.put(part10)), **{**values, **fields})


def a_report(patient: Patient, **fields: Any) -> ReportVersion:
    values: dict[str, Any] = {
        "accession_number": "ACC1",
        "issuer": ISSUER,
        "key": "R1",
        "status": "F",
        "issued_at": moment(21),
        "source": "script",
        "by": SCRIPT,
    }
    body = fields.pop("pdf", None)
    values["pdf"] = pdf() if body is None else body
    return services.file_report(patient=patient, **{**values, **fields})


def moment(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def an_examination(patient: Patient, **fields: Any) -> Examination:
    """Linked from a study of this patient; fields: of the study."""
    study = a_study(patient, **fields)
    services.link_study(study=study, by=SCRIPT)
    return the_examination(patient)


def the_examination(patient: Patient) -> Examination:
    return Examination.objects.filter(patient=patient).latest("created_at")


def an_hour_ago() -> datetime:
    return clock.now() - timedelta(hours=1)
