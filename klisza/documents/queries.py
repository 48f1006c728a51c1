"""Reading documents. Who may see one is decided by the caller's gate (examinations.queries)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from klisza.base.errors import NotFound

from .models import Document, DocumentPage


def unrendered(limit: int) -> list[Document]:
    """Oldest first: what the worker has to make pages of."""
    waiting = Document.objects.filter(rendered_at=None).select_related("blob")
    return list(waiting.order_by("received_at")[:limit])


def pages_of(document: Document) -> list[DocumentPage]:
    return list(document.page_rows.order_by("number"))


def page(document: Document, number: int) -> DocumentPage:
    """Raises NotFound."""
    found = document.page_rows.filter(number=number).select_related("image").first()
    if found is None:
        raise NotFound
    return found


def of_patients(patient_ids: Iterable[uuid.UUID]) -> list[Document]:
    """What the hospital sent or the patient handed in, without reports.

    Those belong to their examination's gate.
    """
    kept = Document.objects.filter(patient_id__in=patient_ids, withdrawn_at=None).exclude(kind="report")
    return list(kept.select_related("blob").order_by("-issued_at", "-id"))


def of_patient(patient_ids: Iterable[uuid.UUID], document_id: uuid.UUID) -> Document:
    """One of `of_patients`; raises NotFound, the same for another's and for none."""
    kept = Document.objects.filter(patient_id__in=patient_ids, withdrawn_at=None, pk=document_id)
    found = kept.exclude(kind="report").select_related("blob").first()
    if found is None:
        raise NotFound
    return found
