"""Staff by the hospital's directory: the account follows from issuer and subject, its roles from the groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from klisza.accounts.errors import ContactNotUsable, NoRole
from klisza.accounts.models import Account, Identity, Login, StaffRole
from klisza.accounts.sentences import support_contact
from klisza.accounts.services import locking, passwords
from klisza.accounts.services.provision import usable_email
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.ids import readable

from . import entering, token
from .handover import Proven

NAME_LENGTH = 12  # 58 bits: nobody types it, and nobody can try passwords on it


def enter_staff(*, proven: Proven, by: Actor) -> tuple[Login, str]:
    """A member of staff is back from the provider.

    The account is made at the first sign-in and never found by e-mail: an address can be given to somebody else.
    Roles follow the groups each time; where they changed, every other session ends. Raises NoRole, AccountLocked.
    """
    roles = roles_of(proven.claims)
    account = _settled(proven.claims, roles, by)
    if account is None or not roles:
        raise NoRole(
            _(
                "Your hospital account is in none of the groups that may use these pages. "
                "Please ask your administrator: %(contact)s"
            )
            % {"contact": support_contact()}
        )
    is_second_factor = token.is_proved(proven.claims, settings.STAFF_OIDC_ACR, methods=True)
    return entering.enter(account=account, proven=proven, is_second_factor=is_second_factor, by=by)


def roles_of(claims: Mapping[str, Any]) -> frozenset[str]:
    said = claims.get(settings.STAFF_OIDC_GROUPS_CLAIM)
    groups = {said} if isinstance(said, str) else set()
    if isinstance(said, list):
        groups = {one for one in said if isinstance(one, str)}
    return frozenset(role for group, role in settings.STAFF_OIDC_ROLES if group in groups)


@transaction.atomic
def _settled(claims: Mapping[str, Any], roles: frozenset[str], by: Actor) -> Account | None:
    """None for somebody unknown without a role: no account arises."""
    account = _known(claims)
    if account is None:
        account = _made(claims, by) if roles else None
    if account is None:
        record("login.provider_refused", by=by, outcome="refused", reason="no role")
        return None
    _follow_roles(account, roles, by)
    _follow_names(account, claims)
    if not roles:
        record("login.provider_refused", by=by, objects=[account], outcome="refused", reason="no role")
    return account


def _known(claims: Mapping[str, Any]) -> Account | None:
    found = Identity.objects.select_related("account").filter(issuer=claims["iss"], subject=claims["sub"])
    identity = found.first()
    return Account.objects.select_for_update().get(pk=identity.account_id) if identity else None


def _made(claims: Mapping[str, Any], by: Actor) -> Account:
    """In use at once: there is nothing to activate, and no password opens it."""
    now = clock.now()
    account = Account(
        user_name=f"oidc-{readable(NAME_LENGTH).lower()}",
        kind=Account.Kind.STAFF,
        state=Account.State.ACTIVE,
        created_at=now,
        password=passwords.unusable(),
        password_is_temporary=False,
        password_changed_at=now,
    )
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            Identity.objects.create(
                account=account, issuer=claims["iss"], subject=claims["sub"], created_at=now
            )
            record("account.created", by=by, objects=[account], reason="provider")
    except IntegrityError:  # two windows at the same moment
        found = _known(claims)
        if found is None:
            raise
        return found
    return account


def _follow_roles(account: Account, roles: frozenset[str], by: Actor) -> None:
    had = frozenset(account.roles.values_list("role", flat=True))
    if had == roles:
        return
    account.roles.exclude(role__in=roles).delete()
    StaffRole.objects.bulk_create(StaffRole(account=account, role=role) for role in sorted(roles - had))
    record("account.roles_changed", by=by, objects=[account], reason=", ".join(sorted(roles)) or "none")
    locking.end_sessions(account=account, by=by)
    account.refresh_from_db()


def _follow_names(account: Account, claims: Mapping[str, Any]) -> None:
    """For the access log and for mails; neither says who it is."""
    shown = next(
        (claims[name] for name in ("name", "preferred_username") if isinstance(claims.get(name), str)), ""
    )
    tidy = " ".join("".join(letter for letter in shown if letter.isprintable()).split())[:200]
    address = claims.get("email")
    try:
        email = usable_email(address) if isinstance(address, str) and len(address) <= 254 else ""
    except ContactNotUsable:
        email = ""
    account.display_name, account.email = tidy or account.display_name or account.user_name, email
    account.save(update_fields=["display_name", "email"])
