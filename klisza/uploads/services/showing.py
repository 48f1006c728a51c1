"""PDFs and photos of a delivery stand in "My documents" as soon as they have been looked at (M4.3)."""

from __future__ import annotations

from klisza.audit.actor import Actor
from klisza.documents import services as documents
from klisza.uploads import queries
from klisza.uploads.models import HandedFile

AT_ONCE = 50


def show_documents() -> int:
    """What was handed in and sorted; nothing of a list that is still open. Returns how many."""
    files = queries.documents_to_show(AT_ONCE)
    for file in files:
        _show(file)
    return len(files)


def _show(file: HandedFile) -> None:
    delivery = file.delivery
    if file.blob is None:
        return
    documents.hand_in(
        patient=delivery.patient,
        source=file.pk,
        blob=file.blob,
        media_type=file.media_type,
        title=file.title or file.name,
        description=file.description,
        issued_at=delivery.closed_at or delivery.created_at,
        by=Actor("account", str(delivery.account_id)),
    )
