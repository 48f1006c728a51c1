"""Who has no account yet, and how an invitation wave goes (S7)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from klisza.accounts.models import Account
from klisza.notifications.models import Message
from klisza.patients.models import DeskTask, Invitation, InvitationWave, Patient

# Kinds of DeskTask that stand between a patient and an account.
LACKING = ("no_email", "no_mobile", "number_not_allowed", "no_birth_date", "under_age", "own_contact")
WAVE_STAGES = ("invited", "delivered", "bounced", "activated")


@dataclass(frozen=True)
class Figures:
    invited: int
    delivered: int
    bounced: int
    activated: int


def without_account() -> QuerySet[Patient]:
    """Records whose person has no account and might get one: nothing is known to be lacking, nobody is dead or
    kept back, nobody came by an initial load.

    Merged records are among them, as examinations stay with their record: provide_account finds the person.
    """
    lacking = DeskTask.objects.filter(kind__in=LACKING, done_at=None)
    own, above = lacking.filter(patient=OuterRef("pk")), lacking.filter(patient=OuterRef("survivor"))
    below = Patient.objects.filter(survivor=OuterRef("pk"), account__isnull=False)
    beside = Patient.objects.filter(survivor=OuterRef("survivor"), account__isnull=False)
    served = (
        Q(account__isnull=False)
        | Q(survivor__account__isnull=False)
        | Q(survivor__survivor__account__isnull=False)
    )
    kept_back = (
        Q(is_dead=True) | ~Q(restricted_reason="") | Q(survivor__is_dead=True) | Q(survivor__is_quiet=True)
    )
    free = Patient.objects.exclude(served).exclude(kept_back)
    free = free.exclude(Q(survivor=None) & (Q(is_quiet=True) | Q(family_name="")))
    return free.filter(~Exists(own), ~Exists(above), ~Exists(below), ~Exists(beside))


def waves() -> QuerySet[InvitationWave]:
    return InvitationWave.objects.order_by("-started_at")


def wave_figures(wave: InvitationWave) -> Figures:
    return Figures(*(wave_people(wave, stage).count() for stage in WAVE_STAGES))


def wave_people(wave: InvitationWave, stage: str) -> QuerySet[Invitation]:
    """stage: one of WAVE_STAGES. Read from the outbox and the account: nothing is counted twice."""
    invited = Invitation.objects.filter(wave=wave).select_related("patient", "account").order_by("-sent_at")
    mails = Message.objects.filter(account_id=OuterRef("account_id"), channel="mail", kind="account")
    if stage == "delivered":
        return invited.filter(Exists(mails.filter(state=Message.State.SENT, bounced_at=None)))
    if stage == "bounced":
        return invited.filter(Exists(mails.filter(bounced_at__isnull=False)))
    if stage == "activated":
        used = Q(account__state=Account.State.ACTIVE) | Q(account__password_changed_at__isnull=False)
        return invited.filter(used)
    return invited
