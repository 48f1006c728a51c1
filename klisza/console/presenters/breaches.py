"""A breach in words: its cause, whether anybody could see it, who did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from klisza.examinations.models import Breach
from klisza.patients import queries as patients

from . import words


@dataclass(frozen=True)
class Look:
    """who: the kind of agent; the audit log knows which one."""

    at: datetime | None
    what: str
    who: str


@dataclass(frozen=True)
class Card:
    row: Breach
    patient: str
    cause: str
    looks: list[Look]


def card(row: Breach) -> Card:
    return Card(
        row=row,
        patient=patients.full_name(row.patient),
        cause=words.word(words.CAUSES, row.cause),
        looks=[
            Look(
                at=parse_datetime(str(look.get("at", ""))),
                what=words.word(words.LOOKS, str(look.get("action", ""))),
                who=words.word(words.AGENTS, str(look.get("agent", ""))),
            )
            for look in row.seen
        ],
    )
