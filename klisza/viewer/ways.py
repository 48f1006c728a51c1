"""Where the viewer's links lead: to the pages of whoever looks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from klisza.examinations.models import Examination


@dataclass(frozen=True)
class Ways:
    """pages: namespace of the report's addresses; before: their arguments before the examination's id.

    download: empty where nothing may be taken along, neither images nor the report's files.
    """

    back: str
    download: str
    ticket: str
    login: str
    pages: str
    before: tuple[uuid.UUID, ...] = ()

    def report(self, name: str, *place: object) -> str:
        return reverse(f"{self.pages}:{name}", args=[*self.before, *place])


def own(examination: Examination) -> Ways:
    here = reverse("viewer:open", args=[examination.pk])
    return Ways(
        back=reverse("examinations:detail", args=[examination.pk]),
        download=reverse("exports:download", args=[examination.pk]),
        ticket=reverse("viewer:ticket", args=[examination.pk]),
        login=f"{reverse('accounts:login')}?{urlencode({'next': here})}",
        pages="examinations",
    )


def unit(share_id: uuid.UUID, examination: Examination) -> Ways:
    place = [share_id, examination.pk]
    return Ways(
        back=reverse("units:screen", args=[share_id]),
        download="",
        ticket=reverse("viewer:unit-ticket", args=place),
        login=reverse("accounts:login"),
        pages="units",
        before=(share_id,),
    )


def guest(share_id: uuid.UUID, examination: Examination, *, may_download: bool) -> Ways:
    place = [share_id, examination.pk]
    return Ways(
        back=reverse("guest:screen", args=[share_id]),
        download=reverse("guest:download", args=place) if may_download else "",
        ticket=reverse("viewer:guest-ticket", args=place),
        login=reverse("guest:landing"),
        pages="guest",
        before=(share_id,),
    )
