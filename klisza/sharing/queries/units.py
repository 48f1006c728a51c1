"""Units of the hospital, and what patients share with them."""

from __future__ import annotations

import uuid

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.patients.viewer import Viewer
from klisza.sharing.models import Share, Unit

from .standing import guest_viewer, is_live


def units() -> list[Unit]:
    """Those with somebody in them to look."""
    return list(Unit.objects.filter(closed_at=None, members__isnull=False).distinct().order_by("name"))


def all_units() -> list[Unit]:
    return list(Unit.objects.filter(closed_at=None).order_by("name"))


def member_names(unit: Unit) -> list[str]:
    return list(unit.members.order_by("user_name").values_list("user_name", flat=True))


def unit(unit_id: uuid.UUID) -> Unit:
    """Raises NotFound."""
    found = Unit.objects.filter(pk=unit_id, closed_at=None).first()
    if found is None:
        raise NotFound
    return found


def units_of(account: Account) -> list[Unit]:
    return list(Unit.objects.filter(closed_at=None, members=account).order_by("name"))


def shares_with(account: Account) -> list[Share]:
    """What this member of staff may open now, newest first."""
    rows = Share.objects.filter(
        unit__in=units_of(account), state=Share.State.OPEN, expires_at__gt=clock.now()
    )
    rows = rows.select_related("patient", "account", "grant", "unit").order_by("-created_at")
    return [share for share in rows if is_live(share)]


def shared_with(account: Account, share_id: uuid.UUID) -> Share:
    """Raises NotFound."""
    found = next((share for share in shares_with(account) if share.pk == share_id), None)
    if found is None:
        raise NotFound
    return found


def member_viewer(share: Share, account: Account, by: Actor) -> Viewer:
    """A member of the unit looks, under the own name. Raises NotFound when the share does not count."""
    guest = guest_viewer(share, by)
    return Viewer(
        "staff", by, account.pk, frozenset(), guest.access_epoch, "share with the unit",
        patient_id=guest.patient_id, until=guest.until, share=guest.share,
    )  # fmt: skip
