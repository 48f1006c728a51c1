"""Asking people in after the initial load: so many a day, until everybody was asked who can be (S7)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.patients.ages import youngest_adult
from klisza.patients.models import DeskTask, Invitation, InvitationWave, Patient
from klisza.patients.queries.invitations import LACKING

from .account import provide_account, settle_account, what_is_lacking
from .tasks import set_tasks

# Spread over the hours in which the support telephone is likely to be answered.
FROM_HOUR, TO_HOUR = 8, 18
MOST_A_DAY = 100_000
AT_ONCE = 20  # of one run: each costs an argon2
LOOKED_AT = 200
BROKEN_AFTER, KEEP_TRYING = timedelta(minutes=10), timedelta(days=2)


@transaction.atomic
def start_wave(
    *, per_day: int, born_before: date | None = None, seen_since: date | None = None, by: Actor
) -> InvitationWave:
    """From now on `per_day` patients without an account are invited every day.

    born_before, seen_since: only those born before, or examined on or after this day. Raises Refused.
    """
    if not 1 <= per_day <= MOST_A_DAY:
        raise Refused(_("Please give a number from 1 to %(most)d.") % {"most": MOST_A_DAY})
    wave = InvitationWave.objects.create(
        per_day=per_day,
        born_before=born_before,
        seen_since=seen_since,
        started_at=clock.now(),
        started_by=by.id[:64],
    )
    record("wave.started", by=by, objects=[wave], reason=str(per_day))
    return wave


@transaction.atomic
def stop_wave(*, wave: InvitationWave, by: Actor) -> None:
    """Who was invited stays invited."""
    if InvitationWave.objects.filter(pk=wave.pk, stopped_at=None).update(stopped_at=clock.now()):
        record("wave.stopped", by=by, objects=[wave])


def invite_due() -> int:
    """What is due now of every wave that runs; returns how many were invited."""
    _finish_broken()
    return sum(_continue(wave) for wave in InvitationWave.objects.filter(stopped_at=None))


def _finish_broken() -> None:
    """A worker died between the invitation and the account."""
    late = clock.now() - BROKEN_AFTER
    broken = Invitation.objects.filter(
        account=None, patient__account=None, sent_at__range=(late - KEEP_TRYING, late)
    )
    for invitation in broken.select_related("patient")[:AT_ONCE]:
        _give_account(invitation)


def _continue(wave: InvitationWave) -> int:
    due = min(_due(wave), AT_ONCE)
    count = 0
    for patient in candidates(wave)[:LOOKED_AT] if due > 0 else []:
        if count == due:
            break
        count += invite(wave=wave, patient=patient)
    return count


def _due(wave: InvitationWave) -> int:
    """How many of today's share should have been invited by now and were not."""
    now = clock.now()
    zone = clock.local_zone()
    midnight = datetime.combine(clock.local_date(now), time.min, tzinfo=zone)
    begins, ends = midnight + timedelta(hours=FROM_HOUR), midnight + timedelta(hours=TO_HOUR)
    begins = max(begins, wave.started_at)
    passed = (now - begins) / (ends - begins) if ends > begins else float(now >= begins)
    if now < begins:
        return 0
    share = wave.per_day * min(1.0, max(passed, 1 / wave.per_day))
    return int(share) - Invitation.objects.filter(wave=wave, sent_at__gte=midnight).count()


def candidates(wave: InvitationWave) -> QuerySet[Patient]:
    """Persons without an account, and with everything an account needs as far as a database can tell."""
    people = Patient.objects.filter(
        survivor=None,
        account=None,
        invitation=None,
        is_dead=False,
        restricted_reason="",
        birth_date__lte=youngest_adult(),
    )
    people = people.exclude(Q(email="") | Q(mobile="") | Q(family_name="")).exclude(
        aliases__account__isnull=False
    )
    people = people.exclude(pk__in=DeskTask.objects.filter(kind__in=LACKING, done_at=None).values("patient"))
    if wave.born_before:
        people = people.filter(birth_date__lt=wave.born_before)
    if wave.seen_since:
        since = datetime.combine(wave.seen_since, time.min, tzinfo=clock.local_zone())
        # Rows of the app above, by the name it gives the relation: nothing of it is imported here.
        seen = Q(examinations__performed_at__gte=since) | Q(aliases__examinations__performed_at__gte=since)
        people = people.filter(seen)
    return people.distinct().order_by("created_at", "pk")


def invite(*, wave: InvitationWave, patient: Patient) -> bool:
    """One account and its mail; False when something lacks after all, which the desk is told."""
    lacking = what_is_lacking(patient)
    if lacking:
        with transaction.atomic():
            set_tasks(patient, lacking)
        return False
    try:
        with transaction.atomic():  # first the invitation: two workers never invite one person twice
            invitation = Invitation.objects.create(wave=wave, patient=patient, sent_at=clock.now())
    except IntegrityError:
        return False
    return _give_account(invitation)


def _give_account(invitation: Invitation) -> bool:
    account = provide_account(patient=invitation.patient, by=SYSTEM, invited=True)
    Invitation.objects.filter(pk=invitation.pk).update(account=account)
    Patient.objects.filter(pk=invitation.patient_id).update(is_quiet=False)
    return account is not None


def settle_grown_up() -> int:
    """Who has turned 18 since may have an own account."""
    tasks = DeskTask.objects.filter(
        kind="under_age", done_at=None, patient__birth_date__lte=youngest_adult()
    ).select_related("patient")
    grown = [task.patient for task in tasks if "under_age" not in what_is_lacking(task.patient)]
    for patient in grown:
        settle_account(patient=patient, by=SYSTEM)
    return len(grown)
