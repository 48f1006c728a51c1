"""What pages show of an account: never a whole address or number."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from klisza.base import clock

from . import queries
from .models import Account, Factor, Login
from .phones import tail
from .services.factors.party import party
from .services.oidc.party import patient_party, staff_party


@dataclass(frozen=True)
class CodePage:
    """What the code page says: it shows the same after a visit to the telephone's message app."""

    tail: str
    digits: int
    was_sent: bool
    can_ask: bool  # now
    wait_seconds: int  # until the next code may be asked for; 0 = now or never
    next_at: datetime | None
    has_more: bool  # this login may have another code at all
    minutes: int


def code_page(login: Login) -> CodePage:
    now = clock.now()
    has_more = login.codes_sent < settings.CODES_PER_LOGIN
    wait = max(0, math.ceil((login.next_code_at - now).total_seconds())) if login.next_code_at else 0
    return CodePage(
        tail=tail(login.account.mobile),
        digits=queries.digits_of(login),
        was_sent=login.codes_sent > 0,
        can_ask=has_more and wait == 0,
        wait_seconds=wait if has_more else 0,
        next_at=login.next_code_at if has_more and wait else None,
        has_more=has_more,
        minutes=int(settings.CODE_LIFE.total_seconds() // 60),
    )


@dataclass(frozen=True)
class WaysPage:
    """By what one may prove oneself here."""

    passkey: bool
    app: bool
    text: bool
    recovery: bool
    tail: str


def ways_page(account: Account, host: str) -> WaysPage:
    ways = queries.ways(account)
    return WaysPage(
        passkey=queries.PASSKEY in ways and passkeys_here(host),
        app=queries.TOTP in ways,
        text=queries.SMS in ways,
        recovery=queries.RECOVERY in ways,
        tail=tail(account.mobile),
    )


def passkeys_here(host: str) -> bool:
    """Whether this page stands under the address that passkeys are bound to. host: as in the request."""
    found = party()
    return found is not None and urlsplit(found.origin).netloc == host


def passkeys_at() -> str:
    """The address at which passkeys work, for a page that was opened under another one; empty for none."""
    found = party()
    return found.origin if found else ""


@dataclass(frozen=True)
class ProviderButton:
    """The way to log in by another service. label: what patients call it; empty for staff."""

    address: str
    label: str


def provider_button() -> ProviderButton | None:
    """None where it is not set up."""
    if staff_party():
        return ProviderButton(reverse("accounts:provider"), "")
    if patient_party():
        return ProviderButton(reverse("patients:identity"), settings.PATIENT_OIDC_LABEL)
    return None


@dataclass(frozen=True)
class FactorRow:
    id: uuid.UUID
    is_passkey: bool
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class SecurityPage:
    factors: list[FactorRow]
    recovery_left: int
    text_tail: str  # of the number that gets codes; empty when text messages do not count here
    can_add: bool


def factor_row(factor: Factor) -> FactorRow:
    is_passkey = factor.kind == Factor.Kind.PASSKEY
    name = factor.name or (_("Passkey") if is_passkey else _("Authenticator app"))
    return FactorRow(factor.pk, is_passkey, name, factor.created_at, factor.last_used_at)


def security_page(account: Account) -> SecurityPage:
    rows = [factor_row(factor) for factor in queries.factors(account)]
    return SecurityPage(
        factors=rows,
        recovery_left=queries.recovery_left(account),
        text_tail=tail(account.mobile) if queries.may_use_sms(account) else "",
        can_add=len(rows) < settings.FACTORS_PER_ACCOUNT,
    )
