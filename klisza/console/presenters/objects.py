"""An object put aside, and what it says otherwise than what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from klisza.archive.models import Quarantined
from klisza.archive.services import Comparison, Difference

from . import words
from .images import person_name


@dataclass(frozen=True)
class Line:
    """todo: what to do about it. fault: of an unreadable one, as the reader of DICOM puts it."""

    row: Quarantined
    what: str
    todo: str
    fault: str


@dataclass(frozen=True)
class Shown:
    is_readable: bool
    differences: list[tuple[str, str, str]]
    content: str


def line(row: Quarantined) -> Line:
    what, todo = words.OBJECTS.get(row.kind, (row.kind, ""))
    return Line(row, str(what), str(todo), row.reason if row.kind == "unreadable" else "")


def comparison(found: Comparison) -> Shown:
    return Shown(
        found.is_readable,
        [(words.word(words.FIELDS, one.name), *_values(one)) for one in found.differences],
        words.word(words.CONTENTS, str(found.same_content)) if found.same_content is not None else "",
    )


def _values(one: Difference) -> tuple[str, str]:
    return _text(one.name, one.stored), _text(one.name, one.came)


def _text(name: str, value: object) -> str:
    if name == "patient_name":
        return person_name(str(value))
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    if isinstance(value, time):
        return f"{value:%H:%M:%S}"
    return "–" if value in (None, "") else str(value)
