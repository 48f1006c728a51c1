"""The only way in for a guest: link and PIN together, by POST. Every try is counted before it is compared (R51)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from klisza.accounts.services import revoke as revoke_tickets
from klisza.accounts.services.limits import returning
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, ids
from klisza.sharing import pins, queries
from klisza.sharing.errors import LinkDead, PinPaused, PinWrong
from klisza.sharing.models import Share, Visit
from klisza.sharing.queries.standing import visit_digest

from .ending import block

DIGITS_ONLY = str.maketrans("", "", " \u00a0-–.\u2060\u200b")
# One statement: raises the counter, begins the pause with the try that fills it, and gives back the hash.
COUNT_TRY = """
UPDATE sharing_share SET wrong_pins = wrong_pins + 1,
  paused_until = CASE WHEN wrong_pins + 1 = %s THEN %s ELSE NULL END
WHERE id = %s AND state = 'open' AND expires_at > %s AND wrong_pins < %s
  AND (paused_until IS NULL OR paused_until <= %s)
RETURNING wrong_pins, pin_hash
"""
GIVE_BACK = """
UPDATE sharing_share SET wrong_pins = wrong_pins - 1, paused_until = NULL
WHERE id = %s AND state = 'open' AND wrong_pins > 0 AND pin_hash = %s AND expires_at > %s RETURNING id
"""


@sensitive_variables("token", "pin", "key")
def admit_guest(*, token: str, pin: str, by: Actor, key: str = "") -> tuple[Share, str]:
    """Returns the share and the key of this browser's cookie; only its digest is kept.

    key: one this browser has already, from another share. Raises LinkDead for every link that opens nothing,
    PinWrong, PinPaused.
    """
    share = queries.by_token(token)
    if share is None:
        raise LinkDead
    wrong, kept = _count(share, by)
    if not pins.matches(share.pk, pin.translate(DIGITS_ONLY), kept):
        _fail(share, wrong, by)
    # A key that came from elsewhere may be known to somebody else, too.
    return share, _admit(share, kept, by, key if queries.is_in_use(key) else ids.token())


def _count(share: Share, by: Actor) -> tuple[int, str]:
    now = clock.now()
    with transaction.atomic():
        row = returning(
            COUNT_TRY,
            [
                settings.WRONG_PINS_BEFORE_PAUSE, now + settings.PIN_PAUSE, share.pk, now,
                settings.WRONG_PINS_BEFORE_CLOSED, now,
            ],
        )  # fmt: skip
    if row is not None:
        return int(row[0]), str(row[1])
    _refuse(share)
    raise LinkDead


def _refuse(share: Share) -> None:
    """Why nothing was counted: a pause, or no share any more."""
    share.refresh_from_db()
    paused = share.paused_until
    if share.state == Share.State.OPEN and paused and clock.now() < paused:
        raise PinPaused(
            _("Too many wrong PINs. Please try again in 15 minutes."), retry_after=_seconds_to(paused)
        )


def _seconds_to(moment: datetime) -> int:
    return max(1, int((moment - clock.now()) / timedelta(seconds=1)) + 1)


def _fail(share: Share, wrong: int, by: Actor) -> None:
    with transaction.atomic():
        record("share.pin_wrong", by=by, patient_id=share.patient_id, objects=[share], outcome="failed")
        if wrong >= settings.WRONG_PINS_BEFORE_CLOSED:
            block(share=share, by=by, cause="pins")
    if wrong >= settings.WRONG_PINS_BEFORE_CLOSED:
        raise LinkDead
    if wrong == settings.WRONG_PINS_BEFORE_PAUSE:
        _refuse(share)
    raise PinWrong(_("This PIN is not right. Please check it and try again."))


@transaction.atomic
def _admit(share: Share, kept: str, by: Actor, key: str) -> str:
    """Nothing of this when the share or its PIN has changed while the PIN was compared."""
    now = clock.now()
    if returning(GIVE_BACK, [share.pk, kept, now]) is None:
        raise LinkDead
    first = not Visit.objects.filter(share=share).exists()
    Visit.objects.filter(share=share, digest=visit_digest(key), ended_at=None).update(ended_at=now)
    visit = Visit.objects.create(
        share=share, digest=visit_digest(key), began_at=now, seen_at=now, client=by.client[:64]
    )
    if share.kind == Share.Kind.SLIP and first:  # one visit at one doctor
        ends = min(share.expires_at, now + settings.SLIP_VISIT)
        Share.objects.filter(pk=share.pk).update(expires_at=ends)
    record("share.opened", by=by, patient_id=share.patient_id, objects=[share, visit])
    return key


def touch(visit: Visit) -> None:
    """Somebody is there."""
    now = clock.now()
    if now - visit.seen_at >= settings.GUEST_TOUCH:
        Visit.objects.filter(pk=visit.pk, ended_at=None).update(seen_at=now)


@transaction.atomic
def leave(*, visit: Visit, key: str, by: Actor) -> None:
    """The guest has finished; another one at this computer needs link and PIN."""
    Visit.objects.filter(pk=visit.pk, ended_at=None).update(ended_at=clock.now())
    revoke_tickets(subject=key)
    record("share.left", by=by, patient_id=visit.share.patient_id, objects=[visit.share, visit])
