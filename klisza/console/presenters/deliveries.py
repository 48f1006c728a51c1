"""What patients handed in, as staff read it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from klisza.archive import queries as archive
from klisza.base.plain import one_line
from klisza.patients import queries as patients
from klisza.uploads import wording
from klisza.uploads.likeness import SAME
from klisza.uploads.models import Delivery, HandedFile, Takeover
from klisza.uploads.queries import Disc

from .forwards import ForwardRow, forward_row

STATES = {
    "closed": _("files are on their way"),
    "complete": _("everything has arrived"),
    "incomplete": _("not all files have come"),
    "refused": _("not taken"),
}
VERDICTS = {"accepted": _("Accepted"), "refused": _("Not taken")}


@dataclass(frozen=True)
class Row:
    delivery_id: uuid.UUID
    name: str
    born: date | None
    closed_at: datetime | None
    state: str
    images: int
    papers: int


@dataclass(frozen=True)
class DiscCard:
    """Images of one study. who: whom they name; is_safe: no reason is asked for; agrees: and the names are alike."""

    key: str
    title: str
    day: str
    modality: str
    count: int
    who: str
    is_safe: bool
    agrees: bool
    word: str
    preview_id: uuid.UUID | None
    is_open: bool


@dataclass(frozen=True)
class PaperRow:
    file: HandedFile
    title: str
    kind: str
    word: str
    is_open: bool


@dataclass(frozen=True)
class Decision:
    takeover: Takeover
    word: str
    count: int
    is_waiting: bool
    forwards: list[ForwardRow]


def row(delivery: Delivery) -> Row:
    person = patients.survivor(delivery.patient)
    return Row(
        delivery.pk, patients.full_name(person), person.birth_date, delivery.closed_at, state(delivery),
        getattr(delivery, "images", 0), getattr(delivery, "papers", 0),
    )  # fmt: skip


def state(delivery: Delivery) -> str:
    return str(STATES.get(delivery.state, ""))


def disc(one: Disc, decided: set[uuid.UUID]) -> DiscCard:
    first, facts = one.first, one.first.facts
    named = [file.person for file in one.files if file.person]
    person = named[0] if named else None
    is_safe = not any(file.person and file.is_me is not True for file in one.files)
    agrees = is_safe and all(likeness_of(file) == SAME for file in one.files if file.person)
    return DiscCard(
        key=str(first.pk),
        title=one_line(str(facts.get("study_description", "") or facts.get("series_description", ""))),
        day=_day(facts.get("study_date")),
        modality=", ".join(sorted({str(file.facts.get("modality", "")) for file in one.files} - {""})),
        count=len(one.files),
        who=_who(person),
        is_safe=is_safe,
        agrees=agrees,
        word=_belongs(is_safe, agrees),
        preview_id=one.preview_id,
        is_open=not {file.pk for file in one.files} & decided,
    )


def _belongs(is_safe: bool, agrees: bool) -> str:
    if agrees:
        return str(_("agrees with the patient"))
    return str(
        _("another name or date, but the patient says: this is me") if is_safe else _("somebody else?")
    )


def likeness_of(file: HandedFile) -> str:
    return str((file.person or {}).get("likeness", SAME))


def _who(person: dict[str, object] | None) -> str:
    if not person:
        return ""
    name = " ".join(str(person.get(part) or "") for part in ("given", "family")).strip()
    return one_line(", ".join(part for part in (name, _day(person.get("birth_date"))) if part))


def _day(text: object) -> str:
    """As people write it; what is no date stays as the file says."""
    try:
        return f"{date.fromisoformat(str(text or '')):%d.%m.%Y}"
    except ValueError:
        return str(text or "")


def paper(file: HandedFile, decided: set[uuid.UUID]) -> PaperRow:
    return PaperRow(
        file=file,
        title=file.title or file.name,
        kind=str(wording.KINDS[HandedFile.Kind(file.kind)]),
        word=str(wording.STATES[HandedFile.State(file.state)]),
        is_open=file.pk not in decided,
    )


def aside(file: HandedFile) -> tuple[HandedFile, str]:
    return file, wording.cause_of(file)


def decision(takeover: Takeover) -> Decision:
    forwards = [forward_row(one) for one in archive.forwards_of(takeover.pk)]
    return Decision(
        takeover=takeover,
        word=str(VERDICTS.get(takeover.verdict, "")),
        count=getattr(takeover, "count", 0),
        is_waiting=takeover.state == "waiting",
        forwards=forwards,
    )
