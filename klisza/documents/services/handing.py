"""Documents that the patient handed in: there at once, with what has become of them (M4.3)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.plain import one_line
from klisza.blobs.models import Blob
from klisza.documents.models import Document, Handing
from klisza.patients.models import Patient

OWN = "own"


@transaction.atomic
def hand_in(
    *,
    patient: Patient,
    source: UUID,
    blob: Blob,
    media_type: str,
    title: str,
    issued_at: datetime,
    by: Actor,
    description: str = "",
) -> Document:
    """Show the patient what was handed in, as sent. source: the file it came as; the same one again is no second."""
    known = Handing.objects.select_related("document").filter(source=source).first()
    if known:
        return known.document
    now = clock.now()
    document = Document.objects.create(
        patient=patient, kind=OWN, title=one_line(title), blob=blob, media_type=media_type, issued_at=issued_at,
        received_at=now, description=description[:1000],
    )  # fmt: skip
    Handing.objects.create(document=document, source=source, changed_at=now)
    record("document.received", by=by, patient_id=patient.pk, objects=[document])
    return document


@transaction.atomic
def settle_handing(*, source: UUID, state: str, by: Actor, reason: str = "") -> bool:
    """Staff have taken it over, or refused it with a reason for the patient; False when nothing was shown of it."""
    row = Handing.objects.select_for_update().select_related("document").filter(source=source).first()
    if row is None:
        return False
    row.state, row.reason, row.changed_at = Handing.State(state), reason[:1000], clock.now()
    row.save(update_fields=["state", "reason", "changed_at"])
    document = row.document
    record(f"document.{state}", by=by, patient_id=document.patient_id, objects=[document])
    return True
