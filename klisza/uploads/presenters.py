"""The files page's panel, what its script is told, and the receipt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language

from . import queries, texts, wording
from .models import Delivery, HandedFile

State = HandedFile.State


@dataclass(frozen=True)
class ReceiptRow:
    """One document, or the images of one study that became the same. files: how many."""

    name: str
    kind: str
    files: int
    size: int
    state: str
    reason: str


@dataclass(frozen=True)
class PersonRow:
    """Somebody in the files of whom nobody has said yet whether it is the patient."""

    file_id: str
    name: str
    birth_date: date | None
    files: int


def panel(delivery: Delivery) -> dict[str, Any]:
    """Context of uploads/panel.html; include it `with panel=panel`."""
    return {
        "delivery": delivery,
        "progress": queries.progress_of(delivery),
        "is_open": delivery.state == Delivery.State.COLLECTING,
        "awaits": delivery.state in (Delivery.State.CLOSED, Delivery.State.INCOMPLETE),
        "config": _config(delivery),
        "persons": persons(delivery),
    }


def _config(delivery: Delivery) -> dict[str, Any]:
    key = [delivery.pk]
    return {
        "delivery": str(delivery.pk),
        "state": delivery.state,
        "language": get_language(),
        "urls": {
            "uploads": reverse("uploads:collection"),
            "list": reverse("uploads:list", args=key),
            "progress": reverse("uploads:progress", args=key),
            "persons": reverse("uploads:persons", args=key),
            "batch": reverse("uploads:batch", args=key),
            "receipt": reverse("uploads:receipt", args=key),
            "remove": reverse("uploads:remove", args=[delivery.pk]).replace(str(delivery.pk), "{id}"),
            "login": reverse("accounts:login"),
        },
        "limits": {
            "files": settings.UPLOAD_FILES_MOST,
            "bytes": settings.UPLOAD_BYTES_MOST,
            "piece": settings.UPLOAD_PIECE,
        },
        "texts": texts.all_texts(),
    }


def standing(delivery: Delivery) -> dict[str, Any]:
    """Everything that is known of the list, so that the browser needs no memory of its own (R35)."""
    uploads = queries.uploads_of(delivery)
    files = []
    for file in queries.files_of(delivery).filter(parent=None):
        upload = uploads.get(file.pk)
        files.append({
            "id": str(file.pk), "mark": file.mark, "name": file.name, "title": file.title, "size": file.size,
            "description": file.description, "kind": file.kind, "state": file.state,
            "upload": reverse("uploads:upload", args=[upload.pk]) if upload else "",
            "offset": upload.offset if upload else 0,
        })  # fmt: skip
    return progress(delivery) | {"files": files}


def progress(delivery: Delivery) -> dict[str, Any]:
    return asdict(queries.progress_of(delivery))


def persons(delivery: Delivery) -> list[PersonRow]:
    return [
        PersonRow(
            str(file.pk),
            f"{file.person['given']} {file.person['family']}".strip(),
            _day(file.person["birth_date"]),
            count,
        )
        for file, count in queries.unclear_persons(delivery)
        if file.person
    ]


def _day(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return None


def receipt(delivery: Delivery) -> dict[str, Any]:
    files = list(queries.files_of(delivery))
    return {
        "delivery": delivery,
        "progress": queries.progress_of(delivery),
        "number": str(delivery.pk)[-12:].upper(),
        "rows": receipt_rows(file for file in files if file.state != State.SKIPPED),
        "skipped": sum(file.state == State.SKIPPED for file in files),
        "persons": persons(delivery),
    }


def receipt_rows(files: Iterable[HandedFile]) -> list[ReceiptRow]:
    """Three thousand images are a handful of studies."""
    groups: dict[tuple[str, ...], list[HandedFile]] = {}
    for file in files:
        alone = str(file.pk) if not file.study_instance_uid else ""
        key = (file.study_instance_uid, str(file.parent_id), file.state, file.reason, alone)
        groups.setdefault(key, []).append(file)
    return [_receipt_row(group) for group in groups.values()]


def _receipt_row(group: list[HandedFile]) -> ReceiptRow:
    first = group[0]
    return ReceiptRow(
        name=_study_name(first) or first.title or first.path,
        kind=str(wording.KINDS[HandedFile.Kind(first.kind)]),
        files=len(group),
        size=sum(file.size for file in group),
        state=str(wording.STATES[State(first.state)]),
        reason=wording.reason_of(first),
    )


def _study_name(file: HandedFile) -> str:
    """Modality, description and day, as far as the images say."""
    if not file.study_instance_uid:
        return ""
    day = _day(file.facts.get("study_date", ""))
    said = (file.facts.get("modality"), file.facts.get("study_description"))
    return " · ".join(
        [part for part in said if part] + ([date_format(day, "SHORT_DATE_FORMAT")] if day else [])
    )
