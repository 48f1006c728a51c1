"""What stands on the viewer's page, and what its script is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from klisza.archive import queries as archive
from klisza.archive.models import Study
from klisza.archive.queries import FILMS, SeriesCard
from klisza.base import clock
from klisza.examinations import wording as examinations
from klisza.examinations.models import Examination
from klisza.examinations.panes import FilePane, VersionPane
from klisza.examinations.queries import ShownReport
from klisza.uploads.models import Delivery

from . import texts
from .ways import Ways

# Before the ticket ends there must be time for two more tries.
RENEW_BEFORE_END = 60
# A series with less than this part of the images of the largest one only shows where the others were taken.
PLANNING_VIEW_SHARE = 8


@dataclass(frozen=True)
class StripCard:
    title: str
    note: str
    count: int
    thumbnail_url: str


@dataclass(frozen=True)
class Screen:
    """first: number of the series that opens, counted from 0."""

    title: str
    date: str
    cards: list[StripCard]
    first: int
    preview_url: str
    reports: list[dict[str, Any]]
    back_url: str
    download_url: str
    login_url: str
    ticket_url: str
    keys: list[texts.KeyRow]
    touches: list[texts.TouchRow]


def base(ticket: str) -> str:
    """Where the images answer while this ticket lives."""
    return f"/dicom-web/t/{ticket}"


def screen(
    examination: Examination,
    cards: list[SeriesCard],
    reports: list[ShownReport],
    ticket: str,
    ways: Ways,
) -> Screen:
    card = examinations.card(examination)
    first = opening_series(cards)
    opening = cards[first] if cards else None
    return Screen(
        title=card.heading,
        date=f"{clock.local_date(examination.performed_at):%d.%m.%Y}",
        cards=[_strip_card(number, series, ticket) for number, series in enumerate(cards, start=1)],
        first=first,
        preview_url=f"{_address(opening, ticket)}/rendered" if opening and opening.has_preview else "",
        reports=[_report(examination, shown, ways) for shown in reports],
        back_url=ways.back,
        download_url=ways.download,
        login_url=ways.login,
        ticket_url=ways.ticket,
        keys=texts.keys(),
        touches=texts.touches(),
    )


def handed_screen(delivery: Delivery, study: Study, ticket: str) -> Screen:
    """Of images before they are anybody's examination: nothing to download, no report."""
    cards = archive.series_of([study.pk])
    first = opening_series(cards)
    opening = cards[first] if cards else None
    place = [delivery.pk, study.pk]
    return Screen(
        title=study.study_description or _("Images handed in"),
        date=f"{study.study_date:%d.%m.%Y}" if study.study_date else "",
        cards=[_strip_card(number, series, ticket) for number, series in enumerate(cards, start=1)],
        first=first,
        preview_url=f"{_address(opening, ticket)}/rendered" if opening and opening.has_preview else "",
        reports=[],
        back_url=reverse("console:delivery", args=[delivery.pk]),
        download_url="",
        login_url=reverse("accounts:login"),
        ticket_url=reverse("handed:ticket", args=place),
        keys=texts.keys(),
        touches=texts.touches(),
    )


def opening_series(cards: list[SeriesCard]) -> int:
    """The first series that is more than a planning view: a topogram is not what the patient came for."""
    most = max((series.frame_count for series in cards if series.showable), default=0)
    return next(
        (
            number
            for number, series in enumerate(cards)
            if series.showable and series.frame_count * PLANNING_VIEW_SHARE >= most
        ),
        0,
    )


def config(cards: list[SeriesCard], screen: Screen, ticket: str, csrf_token: str) -> dict[str, Any]:
    """The JSON of frontend/viewer/config.ts."""
    return {
        "base": base(ticket),
        "renewEvery": max(30, int(settings.TICKET_LIFE.total_seconds()) - RENEW_BEFORE_END),
        "ticketUrl": screen.ticket_url,
        "csrfToken": csrf_token,
        "language": get_language() or settings.LANGUAGE_CODE,
        "date": screen.date,
        "cpu": False,
        "first": screen.first,
        "series": [_series(series, shown) for series, shown in zip(cards, screen.cards, strict=True)],
        "texts": texts.for_script(),
    }


def _strip_card(number: int, series: SeriesCard, ticket: str) -> StripCard:
    count = series.frame_count if series.showable else series.instance_count
    return StripCard(
        title=series.title or _("Series %(number)d") % {"number": number},
        note=_note(series, count),
        count=count,
        thumbnail_url=f"{_address(series, ticket)}/thumbnail" if series.has_preview else "",
    )


def _note(series: SeriesCard, count: int) -> str:
    if not series.showable:
        return _("cannot be shown here")
    return ngettext("%(n)d image", "%(n)d images", count) % {"n": count}


def _series(series: SeriesCard, shown: StripCard) -> dict[str, Any]:
    film = series.modality in FILMS and series.frame_count > series.instance_count
    return {
        "study": series.study_opaque_uid,
        "series": series.opaque_uid,
        "title": shown.title,
        "modality": series.modality,
        "imageCount": shown.count,
        "showable": series.showable,
        "hasPreview": series.has_preview,
        "frameTime": series.frame_time_ms if film and math.isfinite(series.frame_time_ms) else 0,
    }


def _report(examination: Examination, shown: ShownReport, ways: Ways) -> dict[str, Any]:
    """A report with its supplements: each version has texts and files of its own."""
    pane = examinations.pane(shown)
    return {
        "title": pane.title,
        "corrected": pane.corrected,
        "versions": [_version(examination, one, ways) for one in (pane, *pane.addenda)],
    }


def _version(examination: Examination, pane: VersionPane, ways: Ways) -> dict[str, Any]:
    whole = ways.report("report-file", examination.pk, pane.version_id)
    return {
        "parts": pane.parts,
        "download_url": f"{whole}?text" if ways.download else "",
        "print_url": f"{whole}?text&print" if ways.download else "",
        "files": [_file(examination, pane, file, ways) for file in pane.files],
    }


def _file(examination: Examination, pane: VersionPane, file: FilePane, ways: Ways) -> dict[str, Any]:
    name, place = "report-document", [examination.pk, pane.version_id, file.number]
    if file.number == 1:
        name, place = "report-file", place[:2]
    address = ways.report(name, *place)
    page_name = name.replace("report-file", "report") + "-page"
    return {
        "note": file.note,
        "html": file.html,
        "total": file.total,
        "pages": [
            {"number": page.number, "url": ways.report(page_name, *place, page.number),
             "width": page.width, "height": page.height}
            for page in file.pages
        ],
        "text": [page.text for page in file.pages if page.text],
        "download_url": _pdf_of(address, file) if ways.download else "",
        "print_url": f"{address}?print" if ways.download and (file.html or file.kind == "PDF") else "",
    }  # fmt: skip


def _address(series: SeriesCard, ticket: str) -> str:
    return f"{base(ticket)}/studies/{series.study_opaque_uid}/series/{series.opaque_uid}"


def _pdf_of(address: str, file: FilePane) -> str:
    return f"{address}?pdf" if file.html else address
