"""Staff accept or refuse what was handed in; what is accepted becomes images and documents of this hospital.

Images are written anew under the person's number here (standards/dicom/reconcile.py), stored as any other image and
linked to the chosen examination, or to a new one with an accession number of ours; then they are forwarded. Until then
nothing of them appears among the own examinations.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.archive.models import Peer
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.base.ids import readable
from klisza.blobs.models import Blob
from klisza.documents import services as documents
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.patients.models import Patient, PatientIdentifier
from klisza.uploads import queries
from klisza.uploads.models import Delivery, HandedFile, Takeover

from .aftermath import ACCEPTED, REFUSED, drop_previews, tell

NOT_OUR_NUMBERS = ("NNPOL", "PPN")  # PESEL and passport are nobody's chart number
State = HandedFile.State


@transaction.atomic
def decide(
    *,
    delivery: Delivery,
    file_ids: Collection[uuid.UUID],
    verdict: str,
    by: Actor,
    by_account: Account | None = None,
    message: str = "",
    examination: Examination | None = None,
    accession_number: str = "",
    peer: Peer | None = None,
    reason: str = "",
) -> Takeover:
    """Accept or refuse these files of a delivery; the worker does what follows, the patient is told.

    examination: of the patient, whose order the images belong to; else accession_number, else a new one.
    reason: why images that name somebody else are the patient's after all.
    Raises Refused: nothing chosen, decided already, somebody else's without a reason, no number of this hospital.
    """
    delivery = Delivery.objects.select_for_update().select_related("patient").get(pk=delivery.pk)
    files = list(
        HandedFile.objects.filter(queries.MAY_BE_TAKEN, delivery=delivery, pk__in=file_ids).order_by(
            "position"
        )
    )
    if not files:
        raise Refused(_("Choose at least one file."))
    if queries.decided_files(delivery) & {file.pk for file in files}:
        raise Refused(_("Somebody has decided about these files already."))
    takeover = Takeover(
        delivery=delivery, verdict=verdict, message=message.strip()[:1000], by_account=by_account,
        asked_at=clock.now(), state="waiting" if verdict == ACCEPTED else "done",
    )  # fmt: skip
    if verdict == ACCEPTED:
        _describe(takeover, files, examination, accession_number, peer, reason)
    elif not takeover.message:
        raise Refused(_("Write the patient why it is not taken."))
    takeover.save()
    takeover.files.set(files)
    record(
        f"delivery.{verdict}", by=by, patient_id=delivery.patient_id, objects=[delivery, takeover],
        reason=reason.strip()[:300],
    )  # fmt: skip
    if verdict == REFUSED:
        _refuse(takeover, files, by)
        tell(takeover)
    return takeover


def _describe(
    takeover: Takeover,
    files: Sequence[HandedFile],
    examination: Examination | None,
    accession_number: str,
    peer: Peer | None,
    reason: str,
) -> None:
    images = [file for file in files if file.kind == HandedFile.Kind.DICOM]
    if any(names_another(file) for file in images) and not reason.strip():
        raise Refused(_("The images name somebody else: write down why they are this patient's."))
    if not images:
        return
    person = takeover.delivery.patient
    if examination and examination.patient_id not in examinations.family(person):
        raise Refused(_("This examination belongs to somebody else."))
    number = local_number(person)
    if number is None:
        raise Refused(_("This patient has no number of the hospital that the images could carry."))
    takeover.issuer, takeover.local_id = number.issuer, number.value
    takeover.examination = examination
    own = examination.accession_number if examination else ""
    takeover.accession_number = (own or accession_number.strip() or new_accession())[:16]
    takeover.peer_name = peer.name if peer else ""


def names_another(file: HandedFile) -> bool:
    """Neither the comparison nor the patient says that it is the patient."""
    return bool(file.person) and file.is_me is not True


def local_number(person: Patient) -> PatientIdentifier | None:
    """The chart number here: of the hospital's own issuer first."""
    mine = examinations.family(person)
    rows = PatientIdentifier.objects.filter(patient__in=mine, replaced_at=None).exclude(
        kind__in=NOT_OUR_NUMBERS
    )
    ordered = sorted(rows.order_by("pk"), key=lambda one: (one.issuer != settings.ISSUER, one.kind != "MR"))
    return next(iter(ordered), None)


def new_accession() -> str:
    """Of ours, so that it meets no number of the department's system (SH: 16 characters)."""
    return f"KL{readable(12)}"


def _refuse(takeover: Takeover, files: Sequence[HandedFile], by: Actor) -> None:
    HandedFile.objects.filter(pk__in=[file.pk for file in files]).update(state=State.REFUSED, reason="staff")
    for file in files:
        documents.settle_handing(source=file.pk, state="refused", reason=takeover.message, by=by)
    images = [file for file in files if file.kind == HandedFile.Kind.DICOM]
    keys = [file.blob_id for file in images if file.blob_id]
    HandedFile.objects.filter(pk__in=[file.pk for file in images]).update(blob=None)
    Blob.objects.filter(pk__in=keys).delete()  # nobody's business any more; the bytes go with the sweep
    drop_previews(takeover.delivery, by)
