"""Units of the hospital: made and filled by administration."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.sharing.models import Unit


@transaction.atomic
def make_unit(*, name: str, by: Actor) -> Unit:
    """Raises Refused when there is one of this name."""
    text = " ".join(name.split())[:120]
    if Unit.objects.filter(name=text).exists():
        raise Refused(_("There is a unit of this name already."))
    unit = Unit.objects.create(name=text, created_at=clock.now())
    record("unit.created", by=by, objects=[unit])
    return unit


@transaction.atomic
def set_members(*, unit: Unit, user_names: Iterable[str], by: Actor) -> None:
    """Exactly these members of staff. Raises Refused, naming one that is none."""
    names = list(dict.fromkeys(name.strip() for name in user_names if name.strip()))
    found = {
        one.user_name: one for one in Account.objects.filter(user_name__in=names, kind=Account.Kind.STAFF)
    }
    for name in names:
        if name not in found or found[name].state == Account.State.CLOSED:
            raise Refused(_("%(name)s is no member of staff.") % {"name": name})
    unit.members.set(found.values())
    record("unit.members_set", by=by, objects=[unit, *found.values()])


@transaction.atomic
def close_unit(*, unit: Unit, by: Actor) -> None:
    """Nobody sees through it any more; what was shared with it stands as over with its owners."""
    Unit.objects.filter(pk=unit.pk, closed_at=None).update(closed_at=clock.now())
    record("unit.closed", by=by, objects=[unit])
