"""From when a patient sees images and report, and why, in words of the clinic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from klisza.base import clock
from klisza.examinations import kinds, wording
from klisza.examinations.models import Examination, ReleaseDecision
from klisza.patients import queries as patients

from . import words


@dataclass(frozen=True)
class Part:
    """Images or report. tone: ok | wait."""

    name: str
    state: str
    release: str
    tone: str


@dataclass(frozen=True)
class Card:
    examination: Examination
    patient: str
    title: str
    parts: list[Part]
    hidden: str


def card(examination: Examination) -> Card:
    hidden = examination.hidden_reason
    return Card(
        examination=examination,
        hidden=words.word(words.HIDDEN, hidden) if hidden else "",
        patient=patients.full_name(patients.survivor(examination.patient)),
        title=wording.heading(kinds.get(examination.kind), examination.title),
        parts=[
            _part(
                _("Images"), words.IMAGES[examination.images], examination.images_from, examination.images_why
            ),
            _part(
                _("Report"), words.REPORT[examination.report], examination.report_from, examination.report_why
            ),
        ],
    )


def _part(name: str, state: object, opens: datetime | None, why: str) -> Part:
    reason = words.word(words.WHY, why)
    if opens is None:
        return Part(name, str(state), _("held back: %(why)s") % {"why": reason}, "wait")
    if opens > clock.now():
        day = clock.local_date(opens).strftime("%d.%m.%Y")
        return Part(name, str(state), _("from %(day)s: %(why)s") % {"day": day, "why": reason}, "wait")
    return Part(name, str(state), _("released: %(why)s") % {"why": reason}, "ok")


@dataclass(frozen=True)
class Past:
    row: ReleaseDecision
    what: str


def past(row: ReleaseDecision) -> Past:
    subject = words.word(words.SUBJECTS, row.subject)
    return Past(row, f"{subject}: {words.word(words.DECISIONS, row.decision)}")
