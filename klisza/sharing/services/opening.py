"""Letting somebody outside see something: one row, two sealed messages, nothing sent here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from klisza.accounts.services.limits import seconds_left, take
from klisza.audit.services import record
from klisza.base import clock, ids
from klisza.base.errors import NotFound, Refused, TooMany
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.patients.viewer import Viewer
from klisza.sharing import pins, queries
from klisza.sharing.models import Share, SharedExamination

from . import telling

DAY = timedelta(days=1)
LEAST = timedelta(hours=1)
MOST_EXAMINATIONS = 50
SLIP_TOKEN_LETTERS = 27  # of 29 that nobody mistakes on paper: 131 bits


@dataclass(frozen=True)
class Wish:
    """What somebody wants to share, as the form has checked it.

    share_id: chosen before, so that a form that is sent twice makes one share. series_ids: of the first
    examination only these; None = every one that is there. pin: empty = a random one. pin_way: send | self.
    lasts: one hour to settings.SHARE_DAYS_MOST days.
    """

    examination_ids: Sequence[uuid.UUID]
    lasts: timedelta
    email: str = ""
    mobile: str = ""
    pin: str = field(default="", repr=False)
    pin_way: str = "send"
    comment: str = ""
    language: str = "pl"
    with_report: bool = True
    may_download: bool = True
    series_ids: Sequence[uuid.UUID] | None = None
    unit_id: uuid.UUID | None = None
    share_id: uuid.UUID = field(default_factory=ids.new_id)


@sensitive_variables("pin", "token", "wish")
def open_share(*, viewer: Viewer, wish: Wish) -> tuple[Share, str]:
    """Let one person outside see it for a limited time. Returns the share and its PIN, which is nowhere else.

    Writes the share, an audit event and up to three outbox rows: the link, the PIN in a message of its own a
    minute after the link has left, and a mail to the owner. Raises NotFound for what is not to be seen, Refused,
    TooMany. Sent again, it gives back the first share and an empty PIN.
    """
    if Share.objects.filter(pk=wish.share_id, patient_id__in=viewer.patient_ids).exists():
        return Share.objects.get(pk=wish.share_id), ""
    shared = _chosen(viewer, wish)
    _check_time(wish.lasts)
    person = patients.get(viewer.patient_id or uuid.UUID(int=0))
    pin = wish.pin or pins.new_pin(avoiding=[person.birth_date])
    if pins.is_weak(pin, dates=[person.birth_date]):
        raise Refused(_("This PIN is easy to guess. Please choose another one."))
    pin_hash, token = pins.hashed(wish.share_id, pin), ids.token()
    with transaction.atomic():
        share = _create(viewer, wish, shared, kind=Share.Kind.EXTERNAL, pin_hash=pin_hash, token=token)
        share.link_message = telling.send_link(share, token)
        share.pin_message = telling.send_pin(share, pin)
        share.save(update_fields=["link_message", "pin_message"])
        telling.tell_owner(share, "opened")
        record("share.created", by=viewer.actor, patient_id=share.patient_id, objects=[share, *shared])
    return share, pin


def share_inside(*, viewer: Viewer, wish: Wish) -> Share:
    """To a unit of the hospital: its members see it under /staff/shares/. Raises NotFound, Refused, TooMany."""
    if Share.objects.filter(pk=wish.share_id, patient_id__in=viewer.patient_ids).exists():
        return Share.objects.get(pk=wish.share_id)
    shared = _chosen(viewer, wish)
    _check_time(wish.lasts)
    queries.unit(wish.unit_id or uuid.UUID(int=0))
    wish = replace(wish, may_download=False)  # the hospital has the images already
    with transaction.atomic():
        share = _create(viewer, wish, shared, kind=Share.Kind.INTERNAL)
        telling.tell_owner(share, "opened")
        record("share.created", by=viewer.actor, patient_id=share.patient_id, objects=[share, *shared])
    return share


@sensitive_variables("pin", "token")
def print_slip(*, viewer: Viewer, wish: Wish) -> tuple[Share, str, str]:
    """A link on paper for one visit. Returns the share, its token and its PIN: both exist on the paper only.

    viewer: the person or a carer, or staff with a reason. Raises NotFound, TooMany, Refused.
    """
    wish = replace(wish, email="", mobile="", pin_way="self")
    shared = _chosen(viewer, wish)
    person = patients.get(viewer.patient_id or uuid.UUID(int=0))
    pin = pins.new_pin(avoiding=[person.birth_date])
    pin_hash, token = pins.hashed(wish.share_id, pin), ids.readable(SLIP_TOKEN_LETTERS)
    with transaction.atomic():
        share = _create(viewer, wish, shared, kind=Share.Kind.SLIP, pin_hash=pin_hash, token=token)
        telling.tell_owner(share, "opened")
        record(
            "share.created", by=viewer.actor, patient_id=share.patient_id, objects=[share, *shared],
            reason=viewer.reason if viewer.kind == "staff" else "",
        )  # fmt: skip
    return share, token, pin


def _create(
    viewer: Viewer,
    wish: Wish,
    shared: list[Examination],
    *,
    kind: Share.Kind,
    pin_hash: str = "",
    token: str = "",
) -> Share:
    person = Patient.objects.select_for_update().get(pk=viewer.patient_id or uuid.UUID(int=0))
    _take_place(viewer)
    now = clock.now()
    share = Share.objects.create(
        id=wish.share_id,
        kind=kind,
        patient=person,
        account_id=None if viewer.kind == "staff" else viewer.account_id,
        grant_id=viewer.grant_id,
        unit_id=wish.unit_id if kind == Share.Kind.INTERNAL else None,
        token_digest=queries.token_digest(token) if token else None,
        pin_hash=pin_hash,
        pin_way=_way(wish) if pin_hash else "",
        email=wish.email,
        mobile=wish.mobile if _way(wish) == "sms" else "",
        language=wish.language,
        comment=wish.comment[: settings.SHARE_COMMENT_MOST],
        with_report=wish.with_report,
        may_download=wish.may_download,
        created_at=now,
        expires_at=now + wish.lasts,
    )
    SharedExamination.objects.bulk_create(
        SharedExamination(share=share, examination=one, series=_series(wish, one)) for one in shared
    )
    return share


def _way(wish: Wish) -> str:
    if wish.pin_way == "self":
        return "self"
    return "sms" if wish.mobile else "mail"


def _chosen(viewer: Viewer, wish: Wish) -> list[Examination]:
    """Only what the sharer may see now; what is not released yet is shared when it is."""
    wanted = list(dict.fromkeys(wish.examination_ids))[:MOST_EXAMINATIONS]
    if not wanted or viewer.kind not in ("patient", "carer", "staff") or viewer.share is not None:
        raise NotFound
    return [examinations.get_visible(viewer, one, purpose="detail") for one in wanted]


def _series(wish: Wish, examination: Examination) -> list[str]:
    """Those that are there now: what arrives later was not chosen by anybody (R52)."""
    there = [str(one.id) for one in queries.series_by_examination([examination])[examination.pk]]
    if wish.series_ids is None or examination.pk != wish.examination_ids[0]:
        return there
    wanted = {str(one) for one in wish.series_ids}
    return [one for one in there if one in wanted]


def _check_time(lasts: timedelta) -> None:
    if not LEAST <= lasts <= settings.SHARE_DAYS_MOST * DAY:
        raise Refused(_("Choose for how long."))


def _take_place(viewer: Viewer) -> None:
    """A stolen session must not pour out a life's images; in the caller's transaction, on the locked person."""
    if queries.open_count(viewer) >= settings.SHARES_OPEN:
        raise Refused(_("Too many shares are open. Please revoke one of them first."))
    if take("shares of day", str(viewer.patient_id), limit=settings.SHARES_PER_DAY, per=DAY) is None:
        raise TooMany(
            _("That is enough new shares for today. Please go on tomorrow."), retry_after=seconds_left(DAY)
        )
