"""Staff accounts: made on the command line, sign in on the staff listener only."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.models import Account, StaffRole
from klisza.accounts.phones import normal_mobile
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused

from . import limits, passwords
from .locking import end_sessions
from .provision import usable_email

ROLES = ("registration", "clinic", "radiology", "privacy", "integration", "admin")


def create_staff(
    *,
    user_name: str,
    roles: Sequence[str],
    mobile: str = "",
    email: str = "",
    display_name: str = "",
    is_emergency: bool = False,
    by: Actor,
) -> str:
    """Returns the temporary password, to be printed once. With a mobile number the login asks for a code.

    is_emergency: signs in with it although KLISZA_STAFF_LOCAL_LOGIN is off.
    Raises Refused for an unknown role or a taken name, ContactNotUsable.
    """
    name = queries.spellings(user_name)[1]
    unknown = sorted(set(roles) - set(ROLES))
    if not name or not roles or unknown:
        raise Refused(
            _("Give a name and at least one of these roles: %(roles)s") % {"roles": ", ".join(ROLES)}
        )
    number = normal_mobile(mobile) if mobile else ""
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    if Account.objects.filter(user_name__in=queries.spellings(user_name)).exists():
        raise Refused(_("This user name is taken."))
    raw = passwords.temporary()
    account = Account(
        user_name=name,
        kind=Account.Kind.STAFF,
        display_name=display_name or name,
        is_emergency=is_emergency,
        mobile=number,
        created_at=clock.now(),
        email=usable_email(email) if email else "",
        password=passwords.hashed(raw, is_temporary=True),
    )
    with transaction.atomic():
        account.temporary_until = clock.now() + settings.TEMPORARY_PASSWORD_LIFE
        account.save(force_insert=True)
        StaffRole.objects.bulk_create(StaffRole(account=account, role=role) for role in dict.fromkeys(roles))
        reason = ", ".join([*roles, *(["emergency"] if is_emergency else [])])
        record("account.created", by=by, objects=[account], reason=reason)
    return raw


@transaction.atomic
def close_staff(*, account: Account, reason: str, by: Actor) -> None:
    """Somebody has left: sessions end at once, and neither password nor the hospital's provider opens it again."""
    locked = Account.objects.select_for_update().get(pk=account.pk, kind=Account.Kind.STAFF)
    if locked.state == Account.State.CLOSED:
        return
    locked.state, locked.lock_cause, locked.locked_at = Account.State.CLOSED, "staff", clock.now()
    locked.save(update_fields=["state", "lock_cause", "locked_at"])
    end_sessions(account=locked, by=by)
    record("account.closed", by=by, objects=[locked], reason=reason[:500])


def renew_staff_password(*, account: Account, by: Actor) -> str:
    """A new temporary password for a staff member, printed once; sessions end, a lock is lifted."""
    raw = passwords.temporary()
    encoded = passwords.hashed(raw, is_temporary=True)
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk, kind=Account.Kind.STAFF)
        locked.password, locked.password_is_temporary = encoded, True
        locked.temporary_until = clock.now() + settings.TEMPORARY_PASSWORD_LIFE
        locked.state, locked.locked_at, locked.lock_cause = Account.State.NEW, None, ""
        locked.wrong_passwords = locked.wrong_codes = 0
        locked.strangers_locked_at = None
        locked.session_epoch += 1
        locked.save()
        limits.forget_name(locked.user_name.upper())
        record("account.reissued", by=by, objects=[locked])
    return raw
