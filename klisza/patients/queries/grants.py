"""Who may see what of somebody else's at this moment: the only place that decides whether a grant counts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from klisza.accounts.models import Account
from klisza.base import clock, sealing
from klisza.patients import ages
from klisza.patients.models import Grant, Patient

from .people import aliases, survivor


def until(grant: Grant) -> datetime | None:
    """The first moment at which it no longer counts; None = open end."""
    ends = [grant.ends_at] if grant.ends_at else []
    born = survivor(grant.patient).birth_date
    if grant.kind == Grant.Kind.GUARDIAN and born is not None:
        ends.append(ages.of_age_at(born))
    return min(ends, default=None)


def is_live(grant: Grant) -> bool:
    """Taken up, not ended, not past its day; a guardian's only while the person is known to be under age."""
    if grant.account_id is None or grant.taken_at is None or grant.ended_at is not None:
        return False
    if grant.kind not in Grant.Kind.values or grant.scope not in Grant.Scope.values:
        return False
    if grant.kind == Grant.Kind.GUARDIAN and survivor(grant.patient).birth_date is None:
        return False
    end = until(grant)
    return end is None or clock.now() < end


def live_of(account: Account) -> list[Grant]:
    """Everybody this account may act for now, by name."""
    rows = Grant.objects.filter(account=account, ended_at=None).select_related("patient")
    return sorted(filter(is_live, rows), key=lambda grant: (_name(grant), grant.pk))


def live_grant(account: Account, grant_id: uuid.UUID | str) -> Grant | None:
    """None also for another account's and for one that is over."""
    try:
        wanted = uuid.UUID(str(grant_id))
    except ValueError:
        return None
    found = Grant.objects.filter(account=account, pk=wanted).select_related("patient").first()
    return found if found and is_live(found) else None


def grants_on(patient: Patient) -> list[Grant]:
    """All that were ever given on this person, newest first; offers that nobody took included."""
    rows = Grant.objects.filter(patient__in=aliases(survivor(patient))).select_related("patient", "account")
    return list(rows.order_by("-created_at"))


def open_grants_on(patient: Patient) -> list[Grant]:
    """Not noted as ended: those that count, offers, and what the worker has not looked at yet."""
    return [grant for grant in grants_on(patient) if grant.ended_at is None]


def live_on(patient: Patient) -> list[Grant]:
    """Those by which somebody may see this person's data at this moment."""
    return [grant for grant in open_grants_on(patient) if is_live(grant)]


def grant_on(patient: Patient, grant_id: uuid.UUID) -> Grant | None:
    """One of `grants_on`."""
    return next((grant for grant in grants_on(patient) if grant.pk == grant_id), None)


def is_open_offer(grant: Grant) -> bool:
    return (
        grant.taken_at is None
        and grant.ended_at is None
        and bool(grant.offer_until and clock.now() < grant.offer_until)
    )


def offered(code: str) -> Grant | None:
    """The offer this code stands for. The comparison is the index: 48 random bits, and tries are counted."""
    rows = Grant.objects.filter(offer_digest=offer_digest(code), taken_at=None, ended_at=None)
    return rows.filter(offer_until__gt=clock.now()).select_related("patient").first()


def over_by_now() -> list[Grant]:
    """Grants that no longer count and are not noted as ended."""
    rows: QuerySet[Grant] = Grant.objects.filter(ended_at=None).select_related("patient")
    dated = rows.filter(ends_at__lte=clock.now())
    # A birth date that is not known any more shows nothing, but ends nothing: it may come back.
    grown = rows.filter(kind=Grant.Kind.GUARDIAN).filter(
        Q(patient__birth_date__lte=ages.youngest_adult()) | Q(patient__survivor__isnull=False)
    )
    unclaimed = rows.filter(taken_at=None, offer_until__lte=clock.now())
    candidates = {grant.pk: grant for grant in (*dated, *grown, *unclaimed)}
    return [grant for grant in candidates.values() if _is_over(grant)]


def _is_over(grant: Grant) -> bool:
    end = until(grant)
    unclaimed = grant.taken_at is None and not is_open_offer(grant)
    return unclaimed or (end is not None and end <= clock.now())


def carers_of_rows(patient_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Accounts whose tickets must die when what these rows say changes."""
    rows = Grant.objects.filter(patient__in=patient_ids, ended_at=None).exclude(account=None)
    return [found for found in rows.values_list("account_id", flat=True) if found]


def carer_names(patient_ids: Iterable[uuid.UUID]) -> dict[str, str]:
    """Account id -> name, of everybody who ever had a grant on these records."""
    rows = Grant.objects.filter(patient__in=list(patient_ids)).exclude(account=None).order_by("created_at")
    return {str(account): name for account, name in rows.values_list("account_id", "carer_name")}


def offer_digest(code: str) -> str:
    plain = "".join(character for character in code.upper() if character.isalnum())
    return sealing.digest(plain[:64], purpose="carer offer")


def _name(grant: Grant) -> str:
    person = survivor(grant.patient)
    return f"{person.family_name} {person.given_name}".casefold()
