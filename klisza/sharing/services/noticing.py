"""The owner learns of every opening, and of a link that came back; several in a quarter of an hour are one mail."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from klisza.accounts.services.limits import first
from klisza.base import clock
from klisza.sharing.models import Share, Visit
from klisza.sharing.wording import recipient

from . import telling

BATCH = 500


def tell_of_openings() -> int:
    waiting = Visit.objects.filter(noticed_at=None).select_related(
        "share__patient", "share__account", "share__unit"
    )
    by_owner: dict[uuid.UUID, list[Visit]] = {}
    for visit in waiting.order_by("began_at")[:BATCH]:
        by_owner.setdefault(visit.share.grant_id or visit.share.patient_id, []).append(visit)
    return sum(_tell(whose, visits) for whose, visits in by_owner.items())


@transaction.atomic
def _tell(whose: uuid.UUID, visits: list[Visit]) -> int:
    """The first one at once, the others together when the window is over."""
    window = settings.SHARE_NOTICE_WINDOW
    if window and not first("share openings told", str(whose), per=window):
        return 0
    mine = Visit.objects.filter(pk__in=[visit.pk for visit in visits], noticed_at=None)
    if not mine.update(noticed_at=clock.now()):
        return 0
    account = telling.owner(visits[0].share)
    if account is not None:
        with override(account.language):
            rows = [
                {"who": recipient(visit.share), "at": visit.began_at.astimezone(clock.local_zone())}
                for visit in visits
            ]
        telling.tell_account(account, "looked", openings=rows)
    return len(visits)


def note_bounces() -> int:
    """A link or PIN that came back is the owner's business: a mistyped address is revoked by them."""
    rows = Share.objects.filter(bounce_noted_at=None).exclude(state=Share.State.ENDED)
    came_back = [
        *rows.filter(link_message__bounced_at__isnull=False)[:BATCH],
        *rows.filter(pin_message__bounced_at__isnull=False)[:BATCH],
    ]
    for share in came_back:
        _note_bounce(share)
    return len(came_back)


@transaction.atomic
def _note_bounce(share: Share) -> None:
    if Share.objects.filter(pk=share.pk, bounce_noted_at=None).update(bounce_noted_at=clock.now()):
        telling.tell_owner(share, "bounced")
