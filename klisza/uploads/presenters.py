"""The files page's panel, what its script is told, and the receipt."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language

from . import queries, texts, wording
from .models import Delivery, HandedFile

State = HandedFile.State


@dataclass(frozen=True)
class FileRow:
    name: str
    path: str
    title: str
    kind: str
    size: int
    state: str
    state_word: str
    reason: str


@dataclass(frozen=True)
class PersonRow:
    """Somebody in the files of whom nobody has said yet whether it is the patient."""

    file_id: str
    name: str
    birth_date: str
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
            file.person["birth_date"],
            count,
        )
        for file, count in queries.unclear_persons(delivery)
        if file.person
    ]


def receipt(delivery: Delivery) -> dict[str, Any]:
    files = list(queries.files_of(delivery))
    return {
        "delivery": delivery,
        "progress": queries.progress_of(delivery),
        "number": str(delivery.pk)[-12:].upper(),
        "rows": [file_row(file) for file in files if file.state != State.SKIPPED],
        "skipped": sum(file.state == State.SKIPPED for file in files),
        "persons": persons(delivery),
    }


def file_row(file: HandedFile) -> FileRow:
    return FileRow(
        name=file.name, path=file.path, title=file.title, kind=str(wording.KINDS[HandedFile.Kind(file.kind)]),
        size=file.size, state=file.state, state_word=str(wording.STATES[State(file.state)]),
        reason=wording.reason_of(file),
    )  # fmt: skip
