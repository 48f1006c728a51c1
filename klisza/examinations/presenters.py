"""Rows and previews of the pages here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from klisza.archive.queries import SeriesCard
from klisza.base import clock
from klisza.documents import services
from klisza.documents.models import Document, Handing
from klisza.patients import queries as patients
from klisza.patients.models import Grant

from . import kinds
from .panes import title_of
from .queries import ListedReport
from .wording import heading

# Previews


@dataclass(frozen=True)
class Preview:
    """One series: `picture` and `thumbnail` (long side 768 and 256) are addresses under the viewer's ticket,
    empty while none was made.
    """

    title: str
    alt: str
    count: str
    picture: str
    thumbnail: str


def previews(series: Iterable[SeriesCard], ticket: str) -> list[Preview]:
    return [_preview(number, one, ticket) for number, one in enumerate(series, start=1)]


def _preview(number: int, series: SeriesCard, ticket: str) -> Preview:
    title = series.title or _("Series %(number)d") % {"number": number}
    address = f"/dicom-web/t/{ticket}/studies/{series.study_opaque_uid}/series/{series.opaque_uid}"
    frames = max(series.frame_count, series.instance_count)
    return Preview(
        title=title,
        alt=_("Preview of the series %(title)s") % {"title": title},
        count=ngettext("%(n)d image", "%(n)d images", frames) % {"n": frames},
        picture=f"{address}/rendered" if series.has_preview else "",
        thumbnail=f"{address}/thumbnail" if series.has_preview else "",
    )


# Documents


@dataclass(frozen=True)
class DocumentRow:
    """A row of "My documents". examination_id: where a report leads to."""

    title: str
    about: str
    issued_at: datetime
    size: int  # 0 = not known before it is made
    kind: str  # PDF, XML, ...
    origin: str  # report | hospital | own
    examination_id: uuid.UUID | None = None
    version_id: uuid.UUID | None = None
    document_id: uuid.UUID | None = None
    made: bool = False  # the portal makes a PDF of its text
    state: str = ""  # of an own one: sent | taken_over | refused
    state_word: str = ""
    reason: str = ""  # words of the hospital
    description: str = ""  # the person's own words


def report_row(listed: ListedReport) -> DocumentRow:
    """A report of text only has no file: the portal makes the PDF, and the row leads to the examination."""
    shown, kind = listed.shown, kinds.get(listed.examination.kind)
    document = shown.document
    return DocumentRow(
        title=(document.title if document else "") or title_of(shown.version.status),
        about=heading(kind, listed.examination.title),
        issued_at=shown.version.issued_at,
        size=document.blob.size if document else 0,
        kind=services.NAMES[document.media_type] if document else services.NAMES[services.PDF],
        origin="report",
        examination_id=listed.examination.pk,
        version_id=shown.version.pk,
        made=document is None or bool(document.html),
    )


HANDINGS = {
    Handing.State.SENT: gettext_lazy("sent to the hospital"),
    Handing.State.TAKEN_OVER: gettext_lazy("taken over by the hospital"),
    Handing.State.REFUSED: gettext_lazy("not taken over"),
}


def document_row(document: Document, handing: Handing | None = None) -> DocumentRow:
    """handing: what became of one that the patient handed in."""
    state = (handing.state if handing else Handing.State.SENT) if document.kind == "own" else ""
    return DocumentRow(
        title=document.title or _("Document"),
        about=_("added by you") if document.kind == "own" else _("sent by the hospital"),
        issued_at=document.issued_at,
        size=document.blob.size,
        kind=services.NAMES.get(document.media_type, ""),
        origin=document.kind,
        document_id=document.pk,
        made=bool(document.html),
        state=state,
        state_word=str(HANDINGS[Handing.State(state)]) if state else "",
        reason=handing.reason if handing else "",
        description=document.description,
    )


# Carers


@dataclass(frozen=True)
class CarerRow:
    """One grant on the person's own page. state: what it is now, in words."""

    grant_id: uuid.UUID
    name: str
    scope: str
    state: str
    since: datetime
    until: datetime | None
    is_open: bool
    is_waiting: bool


SCOPES = {
    Grant.Scope.ALL: gettext_lazy("images and reports"),
    Grant.Scope.NO_REPORTS: gettext_lazy("images, without reports"),
}
ENDED = {
    "patient": gettext_lazy("ended by you"),
    "carer": gettext_lazy("ended by the carer"),
    "desk": gettext_lazy("ended by the registration desk"),
    "age": gettext_lazy("ended with your 18th birthday"),
    "date": gettext_lazy("ended on the day that was set"),
    "offer": gettext_lazy("the code was not used in time"),
    "closed": gettext_lazy("ended with the account"),
    "death": gettext_lazy("ended with the account"),
    "alive": gettext_lazy("ended, it was given by mistake"),
}


def carer_row(grant: Grant, chosen: int) -> CarerRow:
    is_live, is_waiting = patients.is_live(grant), patients.is_open_offer(grant)
    scope = SCOPES.get(Grant.Scope(grant.scope)) or ngettext(
        "%(n)d chosen examination", "%(n)d chosen examinations", chosen
    ) % {"n": chosen}
    return CarerRow(
        grant_id=grant.pk,
        name=grant.carer_name,
        scope=str(scope),
        state=_carer_state(grant, is_live=is_live, is_waiting=is_waiting),
        since=grant.taken_at or grant.created_at,
        until=grant.offer_until if is_waiting else patients.until(grant),
        is_open=is_live or is_waiting,
        is_waiting=is_waiting,
    )


def _carer_state(grant: Grant, *, is_live: bool, is_waiting: bool) -> str:
    if is_live:
        return _("may see it now")
    if is_waiting:
        return _("waits for the code to be entered")
    return str(ENDED.get(grant.end_reason, _("ended")))


def day(moment: datetime) -> str:
    return f"{clock.local_date(moment):%d.%m.%Y}"
