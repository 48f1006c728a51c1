"""A list of people as a spreadsheet writes it (CSV): one identifier a line, each mistake with its line."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.utils.translation import gettext as _

from klisza.patients import queries as patients
from klisza.patients.models import Patient

COLUMNS = ("identifier", "issuer", "birth_date")  # the first is required
SEPARATORS = (";", "\t", ",")
LINES_MOST = 2000
PROBLEMS_MOST = 50


@dataclass
class Addressees:
    """people: those to ask, each once. problems: (line of the file, sentence)."""

    people: list[Patient] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    twice: int = 0


def read(text: str) -> Addressees:
    """Columns named by the first line: identifier; issuer (else the hospital's own); birth_date, to be compared."""
    found = Addressees()
    try:
        _read(text.removeprefix("\ufeff"), found)
    except csv.Error:
        found.problems.append((1, _("The file is not a table of text (CSV).")))
    if not found.people and not found.problems:
        found.problems.append((1, _("The file has no rows.")))
    return found


def _read(text: str, found: Addressees) -> None:
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = [name.strip().lower() for name in next(rows, [])]
    if "identifier" not in header or not set(header) <= set(COLUMNS) or len(set(header)) != len(header):
        sentence = _(
            "The first line must name the columns: identifier, and if you like issuer and birth_date."
        )
        found.problems.append((1, sentence))
        return
    for cells in rows:
        if any(cell.strip() for cell in cells):
            _take(dict(zip(header, [cell.strip() for cell in cells], strict=False)), rows.line_num, found)
        if len(found.problems) >= PROBLEMS_MOST:
            return
        if len(found.people) > LINES_MOST:
            found.problems.append((rows.line_num, _("More than %(most)d people.") % {"most": LINES_MOST}))
            return


def _take(row: dict[str, str], line: int, found: Addressees) -> None:
    person = patients.find_by_identifier(row.get("issuer") or settings.ISSUER, row.get("identifier", ""))
    if person is None:
        found.problems.append((line, _("No patient with this identifier is known.")))
    elif not _agrees(person, row.get("birth_date", "")):
        found.problems.append((line, _("The date of birth is not that of this patient.")))
    elif person.is_dead or person.restricted_reason:
        found.problems.append((line, _("This patient cannot be asked.")))
    elif any(one.pk == person.pk for one in found.people):
        found.twice += 1
    else:
        found.people.append(person)


def _agrees(person: Patient, said: str) -> bool:
    if not said:
        return True
    day, _dot, rest = said.partition(".")
    iso = "-".join(reversed([day, *rest.split(".")])) if _dot else said
    try:
        return person.birth_date == date.fromisoformat(iso)
    except ValueError:
        return False
