"""Carers: who may see what of whom, given by the person, by the desk, or from what NK1 proposed (N11, B28)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.accounts.queries import by_user_name
from klisza.accounts.services import Draft, create_account, draft, revoke
from klisza.accounts.services.limits import seconds_left, take
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock, ids
from klisza.base.errors import Refused, TooMany
from klisza.notifications.services import enqueue_mail
from klisza.patients import ages, queries
from klisza.patients.models import Grant, GuardianProposal, Patient
from klisza.patients.queries.grants import offer_digest

from .guardians import decide_guardian

HOUR = timedelta(hours=1)


def give_at_desk(
    *,
    patient: Patient,
    kind: str,
    carer_name: str,
    document: str,
    scope: str = Grant.Scope.ALL,
    relation: str = "",
    user_name: str = "",
    email: str = "",
    mobile: str = "",
    last_day: date | None = None,
    proposal: GuardianProposal | None = None,
    by: Actor,
    made: Draft | None = None,
) -> Grant:
    """The desk has looked at a document: this carer may see what is here of the patient.

    user_name: of the account the carer has; else one is made from e-mail and mobile, which needs no patient.
    document: which one was seen. proposal: what NK1 named; taken with this. made: for callers in a transaction.
    Raises Refused, ContactNotUsable.
    """
    person = queries.survivor(patient)
    _check(person, kind, scope, carer_name, last_day)
    if not document.strip():
        raise Refused(_("Write down which identity document you have seen."))
    account = _known_account(user_name) if user_name.strip() else None
    if account is None and made is None:
        made = draft()  # argon2: before the transaction
    with transaction.atomic():
        person = Patient.objects.select_for_update().get(pk=person.pk)
        if account is None:
            account = create_account(
                email=email, mobile=mobile, language=person.language, person_name=carer_name, by=by, made=made
            )
        _refuse_own(person, account)
        _refuse_second(person, account)
        now = clock.now()
        grant = Grant.objects.create(
            patient=person,
            account=account,
            kind=kind,
            relation=relation[:16],
            scope=scope,
            source=_source(person, proposal),
            carer_name=_name(carer_name),
            document=document.strip()[:200],
            created_at=now,
            taken_at=now,
            ends_at=_end_of(last_day),
        )
        record("grant.given", by=by, patient_id=person.pk, objects=[grant, account], reason=grant.document)
        if proposal is not None:
            decide_guardian(proposal=proposal, decision="taken", by=by)
        _access_changed(person)
        tell_patient(person, "patients/mail/carer_given")
    return grant


def offer(
    *, patient: Patient, carer_name: str, scope: str, last_day: date | None = None, by: Actor
) -> tuple[Grant, str]:
    """The person lets somebody in. Returns the grant, which nobody has yet, and the code to hand over.

    Whoever signs in with an account of the own and enters the code within seven days becomes the carer; no
    address is typed here, so nobody learns whose account exists. Raises Refused, TooMany.
    """
    person = queries.survivor(patient)
    _check(person, Grant.Kind.AUTHORISED, scope, carer_name, last_day)
    code = ids.readable(settings.OFFER_CODE_LENGTH)
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=person.pk)
        open_ones = [grant for grant in queries.grants_on(person) if queries.is_open_offer(grant)]
        if len(open_ones) >= settings.OFFERS_OPEN:
            raise Refused(_("Too many codes are waiting to be used. Please end one of them first."))
        now = clock.now()
        grant = Grant.objects.create(
            patient=person,
            kind=Grant.Kind.AUTHORISED,
            scope=scope,
            source=Grant.Source.PATIENT,
            carer_name=_name(carer_name),
            offer_digest=offer_digest(code),
            offer_until=now + settings.OFFER_LIFE,
            created_at=now,
            ends_at=_end_of(last_day),
        )
        record("grant.offered", by=by, patient_id=person.pk, objects=[grant])
    return grant, f"{code[:5]}-{code[5:]}"


def take_up(*, account: Account, code: str, by: Actor) -> Grant:
    """Somebody has been handed a code. The try is counted first. Raises TooMany, Refused."""
    limit = settings.OFFER_TRIES_PER_HOUR
    if take("carer codes", str(account.pk), limit=limit, per=HOUR) is None:
        raise TooMany(_("Too many tries. Please try again later."), retry_after=seconds_left(HOUR))
    found = queries.offered(code)
    if found is None:
        with transaction.atomic():
            record("grant.code_wrong", by=by, outcome="failed")
        raise Refused(_("This code is not valid. Please check it, or ask for a new one."))
    person = queries.survivor(found.patient)
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=person.pk)
        _refuse_own(person, account)
        _refuse_second(person, account)
        taken = Grant.objects.filter(
            pk=found.pk, taken_at=None, ended_at=None, offer_until__gt=clock.now()
        ).update(account=account, taken_at=clock.now(), offer_digest=None)
        if not taken:
            raise Refused(_("This code is not valid. Please check it, or ask for a new one."))
        found.refresh_from_db()
        record("grant.given", by=by, patient_id=person.pk, objects=[found, account])
        _access_changed(person)
        tell_patient(person, "patients/mail/carer_given")
    return found


@transaction.atomic
def end(*, grant: Grant, reason: str, by: Actor) -> None:
    """It is over at once: pages at their next request, pictures and downloads within two seconds.

    reason: patient | carer | desk | age | date | offer | closed | death | alive.
    """
    ended = Grant.objects.filter(pk=grant.pk, ended_at=None).update(
        ended_at=clock.now(), end_reason=reason, offer_digest=None
    )
    if not ended:
        return
    person = queries.survivor(grant.patient)
    record("grant.ended", by=by, patient_id=person.pk, objects=[grant], reason=reason)
    if grant.account_id:
        revoke(subject=str(grant.account_id))
    _access_changed(person)


def end_over() -> int:
    """The worker notes what is over by date or birthday; it has not counted since that very moment."""
    over = queries.over_by_now()
    for grant in over:
        end(grant=grant, reason=_why_over(grant), by=SYSTEM)
    return len(over)


def _why_over(grant: Grant) -> str:
    if grant.taken_at is None:
        return "offer"
    return "date" if grant.ends_at and grant.ends_at <= clock.now() else "age"


def _check(person: Patient, kind: str, scope: str, carer_name: str, last_day: date | None) -> None:
    if kind not in Grant.Kind.values or scope not in Grant.Scope.values:
        raise Refused(_("Choose what the carer may see."))
    if not carer_name.strip():
        raise Refused(_("Please enter the name of the carer."))
    if last_day is not None and last_day < clock.local_date(clock.now()):
        raise Refused(_("Please give today's date or a later one."))
    if kind == Grant.Kind.GUARDIAN and (
        person.birth_date is None or ages.age_now(person.birth_date) >= ages.FULL_AGE
    ):
        raise Refused(_("A parent or guardian can be entered only for somebody under 18."))


def _source(person: Patient, proposal: GuardianProposal | None) -> str:
    if person.is_dead:
        return Grant.Source.RELEASE
    return Grant.Source.PROPOSAL if proposal else Grant.Source.DESK


def _known_account(user_name: str) -> Account:
    found = by_user_name(user_name, kind=Account.Kind.PATIENT)
    if found is None or found.state == Account.State.CLOSED:
        raise Refused(_("There is no account with this user name."))
    return found


def _refuse_own(person: Patient, account: Account) -> None:
    if account.pk in {own.pk for own in queries.accounts_of(person)}:
        raise Refused(_("This is the person's own account."))


def _refuse_second(person: Patient, account: Account) -> None:
    if any(one.account_id == account.pk and queries.is_live(one) for one in queries.grants_on(person)):
        raise Refused(_("This account may act for this person already. End that first."))


def _end_of(last_day: date | None) -> datetime | None:
    """The midnight after the last day."""
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), time.min, clock.local_zone())


def _name(text: str) -> str:
    return " ".join(text.split())[:200]


def _access_changed(person: Patient) -> None:
    Patient.objects.filter(pk=person.pk).update(access_epoch=F("access_epoch") + 1)


def tell_patient(person: Patient, template: str) -> None:
    """That somebody may look from now on, or no more; who, the page says (R65)."""
    account = queries.account_of(person)
    if account is None or not account.email or account.state != Account.State.ACTIVE:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=template,
        kind="carer",
        account_id=account.pk,
        context={
            "user_name": account.user_name,
            "portal_name": settings.PORTAL_NAME,
            "address": f"{settings.PUBLIC_URL}/account/carers/",
            "support": {
                "email": settings.SUPPORT_EMAIL,
                "phone": settings.SUPPORT_PHONE,
                "hours": settings.SUPPORT_HOURS,
            },
        },
    )
