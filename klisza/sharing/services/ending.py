"""Ending, pausing and prolonging a share. Pages stop at the next request, pictures and ZIPs within two seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from klisza.accounts.services import revoke as revoke_tickets
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock, ids
from klisza.base.errors import Refused
from klisza.notifications import services as notifications
from klisza.sharing import pins, queries
from klisza.sharing.models import Share, Visit

from . import telling

BATCH = 100


@transaction.atomic
def revoke(*, share: Share, by: Actor, reason: str = "revoked") -> None:
    """For good. reason: revoked | not_mine | expired | right (of whoever shared). Needs no fresh factor."""
    rows = Share.objects.filter(pk=share.pk).exclude(state=Share.State.ENDED)
    if not rows.update(state=Share.State.ENDED, ended_at=clock.now(), end_reason=reason):
        return
    revoke_tickets(subject=holder(share))
    _withdraw([share.link_message_id, share.pin_message_id])
    record("share.ended", by=by, patient_id=share.patient_id, objects=[share], reason=reason)


@transaction.atomic
def block(*, share: Share, by: Actor, cause: str = "owner") -> None:
    """Nobody gets in until it is unblocked. cause: owner | pins."""
    rows = Share.objects.filter(pk=share.pk, state=Share.State.OPEN)
    if not rows.update(state=Share.State.BLOCKED, block_cause=cause):
        return
    revoke_tickets(subject=holder(share))
    record("share.blocked", by=by, patient_id=share.patient_id, objects=[share], reason=cause)
    if cause == "pins":
        telling.tell_owner(share, "closed_by_pins")


@transaction.atomic
def unblock(*, share: Share, by: Actor) -> None:
    """Of one that wrong PINs have closed: only together with a new PIN, see `new_pin`."""
    if share.block_cause == "pins":
        raise Refused(_("Somebody tried wrong PINs. Please make a new PIN: that opens the share again."))
    rows = Share.objects.filter(pk=share.pk, state=Share.State.BLOCKED, expires_at__gt=clock.now())
    if rows.update(state=Share.State.OPEN, block_cause=""):
        record("share.unblocked", by=by, patient_id=share.patient_id, objects=[share])


@transaction.atomic
def extend(*, share: Share, until: datetime, by: Actor) -> None:
    """until: at most settings.SHARE_DAYS_MOST from now. Raises Refused."""
    most = clock.now() + timedelta(days=settings.SHARE_DAYS_MOST)
    if share.kind == Share.Kind.SLIP or not share.expires_at < until <= most:
        raise Refused(_("This share cannot be made longer."))
    rows = Share.objects.filter(pk=share.pk, expires_at__gt=clock.now()).exclude(state=Share.State.ENDED)
    if not rows.update(expires_at=until):
        raise Refused(_("This share is over. Please make a new one."))
    share.refresh_from_db()
    record("share.extended", by=by, patient_id=share.patient_id, objects=[share])


@sensitive_variables("pin")
def new_pin(*, share: Share, by: Actor) -> str:
    """The old one is dead, and so are the visits it began; the recipient gets the new one as before.

    Returns it: it is shown once. Raises Refused when there is nothing to open.
    """
    _check_goes_on(share)
    pin = pins.new_pin(avoiding=[share.patient.birth_date])
    pin_hash = pins.hashed(share.pk, pin)
    with transaction.atomic():
        rows = Share.objects.filter(pk=share.pk).exclude(state=Share.State.ENDED)
        if not rows.update(
            pin_hash=pin_hash, wrong_pins=0, paused_until=None, state=Share.State.OPEN, block_cause=""
        ):
            raise Refused(_("This share is over. Please make a new one."))
        _end_visits(share)
        _withdraw([share.pin_message_id])
        share.refresh_from_db()
        share.pin_message = telling.send_pin(share, pin)
        share.save(update_fields=["pin_message"])
        record("share.pin_replaced", by=by, patient_id=share.patient_id, objects=[share])
    return pin


@sensitive_variables("token")
def new_link(*, share: Share, by: Actor) -> None:
    """Lost in the recipient's mailbox: a new link goes to the same address, the old one opens nothing any more.

    PIN, state and visits that have begun stay as they are. Raises Refused when there is nothing to open.
    """
    _check_goes_on(share)
    token = ids.token()
    with transaction.atomic():
        rows = Share.objects.filter(pk=share.pk).exclude(state=Share.State.ENDED)
        if not rows.update(token_digest=queries.token_digest(token)):
            raise Refused(_("This share is over. Please make a new one."))
        _withdraw([share.link_message_id])
        share.refresh_from_db()
        share.link_message = telling.send_link(share, token)
        share.save(update_fields=["link_message"])
        if share.pin_message_id:
            notifications.wait_for(message_id=share.pin_message_id, after=share.link_message)
        record("share.link_replaced", by=by, patient_id=share.patient_id, objects=[share])


def _check_goes_on(share: Share) -> None:
    is_over = share.state == Share.State.ENDED or share.expires_at <= clock.now()
    if share.kind != Share.Kind.EXTERNAL or is_over:
        raise Refused(_("This share is over. Please make a new one."))


def end_over() -> int:
    """The worker notes what is over; it has not counted since that very second."""
    over = queries.over_by_now(BATCH)
    for share in over:
        revoke(share=share, by=SYSTEM, reason="expired")
    return len(over)


def _end_visits(share: Share) -> None:
    Visit.objects.filter(share=share, ended_at=None).update(ended_at=clock.now())
    revoke_tickets(subject=holder(share))


def _withdraw(message_ids: list[object]) -> None:
    notifications.withdraw(message_ids=[one for one in message_ids if one])  # type: ignore[misc]


def holder(share: Share) -> str:
    """The name of whoever holds pictures' tickets by this share."""
    return f"share {share.pk}"
