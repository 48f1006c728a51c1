"""What somebody may choose to share, and what the form's answers mean."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.base import clock
from klisza.examinations import queries as examinations
from klisza.examinations import wording
from klisza.examinations.models import Examination
from klisza.patients import acting
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer

from . import wording as wording_of_shares
from .services import Wish

MOST_OFFERED = 50


def asked(request: HttpRequest, examination_id: uuid.UUID) -> tuple[Viewer, Examination]:
    """Raises NotFound."""
    viewer = acting.viewer_of(request)
    examination = examinations.get_visible(viewer, examination_id, purpose="detail")
    return viewer, examination


def birth_date(viewer: Viewer) -> date | None:
    return patients.get(viewer.patient_id or uuid.UUID(int=0)).birth_date


def offered(viewer: Viewer, examination: Examination) -> dict[str, Any]:
    """For the forms: this examination first, then the others of the person, newest first."""
    newest = (
        examinations.visible(viewer, purpose="list")
        .exclude(pk=examination.pk)
        .order_by("-performed_at", "-id")
    )
    rows = wording.cards([examination, *newest[: MOST_OFFERED - 1]])
    series = examinations.series_for(viewer, examination) if wording.has_pictures(examination) else []
    titles = [
        one.title or _("Series %(number)d") % {"number": number} for number, one in enumerate(series, start=1)
    ]
    return {
        "lasts": wording_of_shares.lasts_choices(),
        "examinations": [(str(card.id), _row(card)) for card in rows],
        "series": [
            (str(one.id), f"{title} ({_count(one)})") for one, title in zip(series, titles, strict=True)
        ],
    }


def rows(newest: list[Examination]) -> list[tuple[str, str]]:
    return [(str(card.id), _row(card)) for card in wording.cards(newest)]


def offered_for_slip(viewer: Viewer, examination: Examination) -> dict[str, Any]:
    return {key: value for key, value in offered(viewer, examination).items() if key != "lasts"}


def _row(card: wording.Card) -> str:
    return f"{card.heading}, {clock.local_date(card.performed_at):%d.%m.%Y}"


def _count(series: Any) -> str:
    count = series.frame_count if series.showable else series.instance_count
    return ngettext("%(n)d image", "%(n)d images", count) % {"n": count}


def wish(form: forms.Form, examination: Examination) -> Wish:
    """The examination whose page it was stays the first, if it was not unticked: the series are its."""
    data = dict(form.cleaned_data)
    chosen = data.get("examinations") or [examination.pk]
    chosen.sort(key=lambda one: one != examination.pk)
    own_series = data.get("series") if examination.pk in chosen else None
    return Wish(
        examination_ids=chosen,
        series_ids=own_series,
        lasts=data.get("lasts") or timedelta(days=settings.SLIP_DAYS),
        email=data.get("email", ""),
        mobile=data.get("mobile", ""),
        pin=data.get("pin", ""),
        pin_way=data.get("pin_way", "send"),
        comment=data.get("comment", ""),
        language=data.get("language", settings.LANGUAGE_CODE),
        with_report=data.get("with_report", True),
        may_download=data.get("may_download", True),
        unit_id=data.get("unit"),
    )


def names(viewer: Viewer, wanted: Wish) -> list[str]:
    found = examinations.visible(viewer, purpose="list").filter(pk__in=list(wanted.examination_ids))
    return [_row(card) for card in wording.cards(list(found.order_by("-performed_at")))]
