"""Reading documents. Who may see one is decided by the caller's gate (examinations.queries)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from klisza.base.errors import NotFound

from .models import Document, DocumentPage, Handing


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


def shown(patient_ids: Iterable[uuid.UUID]) -> QuerySet[Document]:
    """What the hospital sent or the patient handed in, in its newest edition, without reports.

    Those belong to their examination's gate; so do documents that are linked to one. Nothing of a person
    whose record is restricted.
    """
    kept = Document.objects.filter(
        patient_id__in=patient_ids, withdrawn_at=None, hidden_reason="", replaced_by=None
    ).exclude(kind="report")
    for person in ("patient", "patient__survivor", "patient__survivor__survivor"):
        unrestricted = Q(**{f"{person}__restricted_reason": ""})
        kept = kept.filter(unrestricted if person == "patient" else unrestricted | Q(**{person: None}))
    return kept.select_related("blob", "cleaned")


def handed_in_as(source: uuid.UUID) -> Document | None:
    """The document that this file of a delivery became."""
    row = Handing.objects.filter(source=source).select_related("document__blob", "document__cleaned").first()
    return row.document if row else None


def handings(document_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Handing]:
    """What became of those that the patient handed in."""
    return {row.document_id: row for row in Handing.objects.filter(document_id__in=list(document_ids))}
