from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress

from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations import kinds
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.patients.models import Patient
from klisza.uploads import queries as uploads
from klisza.uploads.models import Delivery

MOST_CHOICES = 100


def choices_of(person: Patient) -> list[tuple[str, str]]:
    """Examinations and orders of this person, newest first, as a form offers them."""
    rows = Examination.objects.filter(patient__in=examinations.family(person)).exclude(state="cancelled")
    found = rows.order_by("-performed_at", "id")[:MOST_CHOICES]
    return [(str(one.pk), _label(one)) for one in found]


def _label(one: Examination) -> str:
    title = one.title or str(kinds.get(one.kind).name)
    parts = [f"{clock.local_date(one.performed_at):%d.%m.%Y}", title, one.accession_number]
    return " · ".join(part for part in parts if part)


def examination_of(person: Patient, chosen: str) -> Examination | None:
    """Raises NotFound for another person's."""
    if not chosen:
        return None
    found = Examination.objects.filter(pk=chosen, patient__in=examinations.family(person)).first()
    if found is None:
        raise NotFound
    return found


def files_meant(delivery: Delivery, chosen: Iterable[str]) -> set[uuid.UUID]:
    """The first file of a disc stands for every image of its study."""
    ids = set()
    for text in chosen:
        with suppress(ValueError):
            ids.add(uuid.UUID(text))
    discs = {disc.first.pk: {file.pk for file in disc.files} for disc in uploads.discs(delivery)}
    return {meant for one in ids for meant in discs.get(one, {one})}
