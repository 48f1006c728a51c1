"""The hospital's PACS: a small CT study, sent by C-STORE."""

from __future__ import annotations

from pydicom.uid import generate_uid

from tests.gateways.door import send
from tests.gateways.objects import dataset


def send_study(
    port: int,
    *,
    patient_id: str,
    name: str,
    birth: str,
    study: str,
    accession: str = "",
    images: int = 3,
    issuer: str = "SZP01",
    **attributes: object,
) -> list[str]:
    """Returns the SOP Instance UIDs; every instance must be taken over."""
    series, sent = generate_uid(), []
    for number in range(1, images + 1):
        made = dataset(
            PatientID=patient_id, IssuerOfPatientID=issuer, PatientName=name, PatientBirthDate=birth,
            StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=generate_uid(),
            AccessionNumber=accession, InstanceNumber=number, SpecificCharacterSet="ISO_IR 192",
            **attributes,
        )  # fmt: skip
        assert send(port, made) == 0
        sent.append(made.SOPInstanceUID)
    return sent
