"""What machines sent by HL7 v2, for the integration console."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db.models import Q, QuerySet

from klisza.base.errors import NotFound
from klisza.examinations.models import Examination
from klisza.gateways.models import Hl7Peer, InboundMessage, WorkItem
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier

PAGE = 100


def messages(*, before: int | None = None, state: str = "") -> list[InboundMessage]:
    """Newest first; one page and one row more, which tells that there is another page."""
    rows = InboundMessage.objects.defer("raw")
    if state:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[: PAGE + 1])


def search(*, control_id: str = "", accession_number: str = "", identifier: str = "") -> list[InboundMessage]:
    """All of what is given must fit; newest first."""
    rows = InboundMessage.objects.defer("raw")
    if control_id:
        rows = rows.filter(control_id=control_id)
    if accession_number:
        rows = rows.filter(accession_number=accession_number)
    if identifier:
        rows = rows.filter(_of_identifier(identifier))
    return list(rows.order_by("-pk")[:PAGE])


def _of_identifier(value: str) -> Q:
    """Issuers under which this value may have come: those that know it, ours, the senders' own.

    Messages that wait for a patient are few enough to be looked through.
    """
    issuers = {settings.ISSUER, *Hl7Peer.objects.exclude(issuer="").values_list("issuer", flat=True)}
    issuers |= set(PatientIdentifier.objects.filter(value=value).values_list("issuer", flat=True))
    keys = [value, *(f"{issuer}|{value}" for issuer in issuers)]
    return Q(patient_key__in=keys) | Q(patient_key__endswith=f"|{value}", state=InboundMessage.State.HELD)


def message(uid: uuid.UUID) -> InboundMessage:
    """Raises NotFound."""
    found = InboundMessage.objects.select_related("peer", "blob").filter(uid=uid).first()
    if found is None:
        raise NotFound
    return found


def work_of(row: InboundMessage) -> list[WorkItem]:
    return list(WorkItem.objects.filter(message=row).order_by("created_at"))


def patient_of(row: InboundMessage) -> Patient | None:
    """Whom the message is about, when that is known by now."""
    issuer, _, value = row.patient_key.partition("|")
    return patients.find_by_identifier(issuer, value) if value else None


def examinations_of(row: InboundMessage) -> QuerySet[Examination]:
    """What this message ordered or reported on."""
    origin = str(row.uid)
    return Examination.objects.filter(
        Q(orders__origin=origin) | Q(reports__versions__origin=origin)
    ).distinct()


def sources() -> list[Hl7Peer]:
    return list(Hl7Peer.objects.order_by("name"))
