"""Shares in words: the owner's list, and the guest's one screen."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.examinations import queries as examinations
from klisza.examinations import wording
from klisza.examinations.models import Examination
from klisza.examinations.panes import FilePane, VersionPane
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer

from . import queries
from .models import Share, Visit, Word
from .wording import full_recipient

DONE = {
    "share.opened": gettext_lazy("entered the PIN"),
    "examination.opened": gettext_lazy("opened the examination"),
    "images.viewed": gettext_lazy("looked at the images"),
    "report.opened": gettext_lazy("read the report"),
    "report.downloaded": gettext_lazy("downloaded the report"),
    "report.printed": gettext_lazy("printed the report"),
    "export.downloaded": gettext_lazy("downloaded the images"),
    "share.pin_wrong": gettext_lazy("entered a wrong PIN"),
    "share.answered": gettext_lazy("wrote to you"),
    "share.left": gettext_lazy("finished"),
}
SAID = {
    Word.Kind.NOTE: gettext_lazy("Note from the recipient"),
    Word.Kind.LONGER: gettext_lazy("The recipient asks for more time"),
    Word.Kind.NOT_MINE: gettext_lazy("The recipient says: this was not meant for me"),
}
VIEWERS = {"guest": "viewer:guest-open", "units": "viewer:unit-open"}
ENDS = {
    "revoked": gettext_lazy("revoked"),
    "not_mine": gettext_lazy("given back by the recipient"),
    "expired": gettext_lazy("time is over"),
}


@dataclass(frozen=True)
class Happened:
    at: datetime
    what: str
    client: str


@dataclass(frozen=True)
class Said:
    at: datetime
    heading: str
    text: str


@dataclass(frozen=True)
class ShareRow:
    """One share of "My shares". state: open | paused | blocked | pins | over | bounced."""

    id: uuid.UUID
    who: str
    kind: str
    state: str
    state_word: str
    what: str
    examinations: list[str]
    until: datetime
    since: datetime
    openings: int
    last_opened: datetime | None
    words: list[Said] = field(default_factory=list)
    bounced: bool = False
    with_pin: bool = False

    @property
    def is_open(self) -> bool:
        return self.state != "over"


def rows(shares: list[Share]) -> list[ShareRow]:
    visits, words = queries.visits_of(shares), queries.words_of(shares)
    return [row(share, visits.get(share.pk, []), words.get(share.pk, [])) for share in shares]


def row(share: Share, visits: list[Visit], words: list[Word]) -> ShareRow:
    state = _state(share)
    return ShareRow(
        id=share.pk,
        who=full_recipient(share),
        kind=share.kind,
        state=state,
        state_word=_state_word(share, state),
        what=what(share),
        examinations=[_named(one) for one in queries.shared_examinations(share)],
        until=share.expires_at,
        since=share.created_at,
        openings=len(visits),
        last_opened=visits[0].began_at if visits else None,
        words=[Said(word.at, str(SAID[Word.Kind(word.kind)]), word.text) for word in words],
        bounced=_bounced(share),
        with_pin=share.kind == Share.Kind.EXTERNAL and state != "over",
    )


def what(share: Share) -> str:
    """Images and report, download allowed."""
    seen = _("images and report") if share.with_report else _("images without the report")
    take = _("download allowed") if share.may_download else _("view only")
    return f"{seen}, {take}"


def _state(share: Share) -> str:
    if (
        share.state == Share.State.ENDED
        or share.expires_at <= clock.now()
        or not queries.is_right_left(share)
    ):
        return "over"
    if share.state == Share.State.BLOCKED:
        return "pins" if share.block_cause == "pins" else "blocked"
    if share.paused_until and clock.now() < share.paused_until:
        return "paused"
    return "open"


def _state_word(share: Share, state: str) -> str:
    if state == "over":
        return str(ENDS.get(share.end_reason or "expired", _("over")))
    words = {
        "open": _("open"),
        "paused": _("paused for 15 minutes after wrong PINs"),
        "blocked": _("blocked by you"),
        "pins": _("closed after too many wrong PINs"),
    }
    return words[state]


def _bounced(share: Share) -> bool:
    sent = [share.link_message, share.pin_message]
    return any(message is not None and message.bounced_at is not None for message in sent)


def _named(examination: Examination) -> str:
    card = wording.card(examination)
    return f"{card.heading}, {clock.local_date(card.performed_at):%d.%m.%Y}"


@dataclass(frozen=True)
class UnitRow:
    """For staff: whose, of what, until when."""

    id: uuid.UUID
    name: str
    unit: str
    examinations: list[str]
    until: datetime


def unit_rows(shares: list[Share]) -> list[UnitRow]:
    return [
        UnitRow(
            share.pk,
            patients.full_name(patients.survivor(share.patient)),
            share.unit.name if share.unit else "",
            [_named(one) for one in queries.shared_examinations(share)],
            share.expires_at,
        )
        for share in shares
    ]


def happened(events: list[AuditEvent]) -> list[Happened]:
    return [Happened(one.at, str(DONE[one.action]), one.client) for one in events if one.action in DONE]


# The guest's screen


@dataclass(frozen=True)
class GuestReport:
    title: str
    issued_at: datetime
    parts: list[Any]
    files: list[dict[str, Any]]
    download_url: str


@dataclass(frozen=True)
class GuestExamination:
    """viewer_url, download_url: empty where there is nothing, or it is not allowed."""

    heading: str
    performed_at: datetime
    place: str
    status: str
    viewer_url: str
    download_url: str
    series: str
    reports: list[GuestReport]
    why_no_report: str


@dataclass(frozen=True)
class Screen:
    name: str
    birth_date: Any
    until: datetime
    comment: str
    may_answer: bool
    examinations: list[GuestExamination]


def screen(share: Share, viewer: Viewer, shown: list[Examination], *, prefix: str = "guest") -> Screen:
    """prefix: guest | units, the addresses that lead on."""
    person = patients.survivor(share.patient)
    return Screen(
        name=patients.full_name(person),
        birth_date=person.birth_date,
        until=share.expires_at,
        comment=share.comment,
        may_answer=share.kind != Share.Kind.INTERNAL,
        examinations=[_guest_examination(share, viewer, one, prefix) for one in shown],
    )


def _guest_examination(
    share: Share, viewer: Viewer, examination: Examination, prefix: str
) -> GuestExamination:
    card = wording.card(examination)
    series = examinations.series_for(viewer, examination) if wording.has_pictures(examination) else []
    place = [share.pk, examination.pk]
    shown = examinations.shown_reports(examination)
    may_download = share.may_download and prefix == "guest"
    return GuestExamination(
        heading=card.heading,
        performed_at=card.performed_at,
        place=card.place,
        status=card.status,
        viewer_url=reverse(VIEWERS[prefix], args=place) if any(one.showable for one in series) else "",
        download_url=reverse("guest:download", args=place) if may_download and series else "",
        series=ngettext("%(n)d series", "%(n)d series", len(series)) % {"n": len(series)} if series else "",
        reports=[
            _guest_report(share, examination, version, prefix)
            for one in shown
            for version in (wording.pane(one), *wording.pane(one).addenda)
        ],
        why_no_report="" if shown or not share.with_report else _("The report is not there yet."),
    )


def _guest_report(share: Share, examination: Examination, pane: VersionPane, prefix: str) -> GuestReport:
    place = [share.pk, examination.pk, pane.version_id]
    whole = reverse(f"{prefix}:report-file", args=place)
    return GuestReport(
        title=pane.title,
        issued_at=pane.issued_at,
        parts=pane.parts,
        files=[_guest_file(place, file, prefix) for file in pane.files],
        download_url=f"{whole}?text" if share.may_download and pane.parts else "",
    )


def _guest_file(place: list[uuid.UUID], file: FilePane, prefix: str) -> dict[str, Any]:
    numbers = [*place, file.number]
    return {
        "html": file.html,
        "note": file.note,
        "total": file.total,
        "pages": [
            {"number": page.number, "width": page.width, "height": page.height, "text": page.text,
             "url": reverse(f"{prefix}:report-document-page", args=[*numbers, page.number])}
            for page in file.pages
        ],
        "download_url": reverse(f"{prefix}:report-document", args=numbers),
    }  # fmt: skip
