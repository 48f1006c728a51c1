"""ED and RP of a message: what of them is kept as a document, and what staff must look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from klisza.documents import services as documents
from klisza.documents.services import Enclosure
from klisza.standards.hl7v2.facts import Attachment, Pointer

Tell = Callable[[str, str], None]  # kind and detail of a work item


def readable(attachments: Iterable[Attachment], tell: Tell, *, title: str = "") -> list[Enclosure]:
    """What is none of the kinds we keep, or not what it says it is, stays in the raw message only.

    RTF is kept for the patient to save, but nobody can read it here.
    """
    found = []
    attachments = list(attachments)
    for attachment in attachments:
        named = attachment.title if len(attachments) > 1 else title
        enclosure = Enclosure(attachment.data, attachment.media_type, named)
        keeps = documents.is_readable(enclosure)
        if keeps:
            found.append(enclosure)
        if not keeps or attachment.media_type == documents.RTF:
            tell("document_unreadable", attachment.media_type or "unknown type")
    return found


def refuse_pointers(pointers: Iterable[Pointer], tell: Tell) -> None:
    """A message must not make the portal fetch from addresses of its choice (R09)."""
    if list(pointers):
        tell("pointer_not_allowed", "")
