"""What the images say beside what the records say."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from klisza.archive.models import Correction, Resent, Study
from klisza.console.queries.images import Candidate, Note
from klisza.examinations import identity, kinds, wording
from klisza.examinations.models import Examination, StudyIntake
from klisza.patients import queries as patients
from klisza.patients.models import Patient

from . import words

# Beside a button that needs no words: nothing in the images contradicts the record.
DEFAULT_REASON = "chosen by staff; nothing contradicts"


OLD, NEW = "old", "new"  # the two patients of a study whose images disagree


@dataclass(frozen=True)
class Rejection:
    note: Note
    what: str
    by_whom: str


@dataclass(frozen=True)
class Row:
    study: Study
    name: str
    reason: str


@dataclass(frozen=True)
class Choice:
    examination: Examination
    title: str
    same_number: bool


@dataclass(frozen=True)
class Person:
    """differs: what contradicts, in words; "" when nothing does."""

    patient: Patient
    name: str
    why: str
    birth_date_differs: bool
    name_differs: bool
    identifiers: list[str]
    choices: list[Choice]


def unmatched(intake: StudyIntake) -> Row:
    return study(intake.study, intake)


def hidden(row: Study) -> Row:
    return study(row, None)


def study(row: Study, intake: StudyIntake | None) -> Row:
    """What hides it at the archive weighs more than what matching said."""
    reason = words.word(words.REASONS, intake.reason) if intake and intake.reason else ""
    if row.hidden_reason:
        reason = words.word(words.STUDY_STATES, row.hidden_reason)
    return Row(row, person_name(row.patient_name), reason)


def person_name(text: str) -> str:
    """A DICOM person name as people write it."""
    family, given = identity.name_parts(text)
    return f"{given} {family}".strip() or "–"


def contradicts(row: Study, person: Patient) -> bool:
    return identity.birth_date_differs(row.patient_birth_date, person.birth_date)


def candidate(row: Study, one: Candidate) -> Person:
    person = one.patient
    differs = identity.names_differ(row.patient_name, family=person.family_name, given=person.given_name)
    return Person(
        patient=person,
        name=patients.full_name(person),
        why=words.word(words.CANDIDATES, one.why),
        birth_date_differs=contradicts(row, person),
        name_differs=any(differs),
        identifiers=[f"{value} ({issuer})" for issuer, value in one.identifiers],
        choices=[
            Choice(
                examination=each,
                title=wording.heading(kinds.get(each.kind), each.title),
                same_number=bool(row.accession_number) and each.accession_number == row.accession_number,
            )
            for each in one.examinations
        ],
    )


def correction(row: Correction) -> tuple[Correction, str]:
    if row.kind == "rejected" and row.code in words.REJECTED:
        return row, words.word(words.REJECTED, row.code)
    return row, words.word(words.CORRECTIONS, row.kind)


def rejection(note: Note) -> Rejection:
    by_whom = _("by staff in the portal") if note.by_staff else _("by a note of the department")
    return Rejection(note, words.word(words.REJECTED, note.code), by_whom)


def sides(row: Study, resent: list[Resent]) -> list[tuple[str, str]]:
    """Choices: the patient that the study stands under, and the one its images came again with.

    With more than one new patient only the old one can be confirmed; the department has to say more.
    """
    old = _("As before: %(who)s") % {"who": who(row)}
    new = [(NEW, _("As sent again: %(who)s") % {"who": who(one)}) for one in resent]
    return [(OLD, old), *(new if len(new) == 1 else [])]


def who(one: Study | Resent) -> str:
    born = f", {one.patient_birth_date:%d.%m.%Y}" if one.patient_birth_date else ""
    return f"{person_name(one.patient_name)}{born}, {one.patient_id or '–'} ({one.issuer})"
