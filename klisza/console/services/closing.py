"""Somebody has dealt with it: each of these ends one row of a list, once, and says so in the audit."""

from __future__ import annotations

import uuid

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations.models import Breach
from klisza.gateways.models import WorkItem
from klisza.notifications.models import Message
from klisza.patients import queries
from klisza.patients import services as patients
from klisza.patients.models import DeskTask, GuardianProposal, Patient


@transaction.atomic
def finish_work(*, item_id: uuid.UUID, note: str, by: Actor) -> None:
    """A WorkItem was settled; the note stays with it. Repeating changes nothing. Raises NotFound."""
    item = WorkItem.objects.filter(pk=item_id).first()
    if item is None:
        raise NotFound
    if WorkItem.objects.filter(pk=item_id, done_at=None).update(done_at=clock.now(), done_note=note):
        record("work.done", by=by, patient_id=item.patient_id, objects=[item], reason=item.kind)


@transaction.atomic
def finish_bounce(*, message_id: uuid.UUID, by: Actor) -> None:
    """The address of a mail that came back was put right, or nothing can be done. Raises NotFound.

    With the last one of a patient the desk's task ends as well.
    """
    message = Message.objects.filter(pk=message_id, bounced_at__isnull=False).defer("sealed").first()
    if message is None:
        raise NotFound
    rows = Message.objects.filter(pk=message_id, bounce_done_at=None)
    if not rows.update(bounce_done_at=clock.now()):
        return
    owner = Patient.objects.filter(account_id=message.account_id).first() if message.account_id else None
    record("bounce.done", by=by, patient_id=owner.pk if owner else None, objects=[message])
    if owner:
        close_bounce_task(message.account_id, owner, by=by)


def close_bounce_task(account_id: uuid.UUID | None, patient: Patient, *, by: Actor) -> None:
    """Unless another mail of this account came back; in the caller's transaction."""
    bounced = Message.objects.filter(account_id=account_id, bounced_at__isnull=False, bounce_done_at=None)
    if bounced.exists():
        return
    mine = queries.aliases(queries.survivor(patient))
    for task in queries.open_tasks("mail_bounced").filter(patient__in=mine):
        patients.finish_task(task=task, by=by)


def forget_bounces(*, patient: Patient, by: Actor) -> None:
    """The desk has entered another e-mail address: the mails that came back from the old one are settled."""
    mine = [account.pk for account in queries.accounts_of(queries.survivor(patient))]
    rows = Message.objects.filter(account_id__in=mine, bounced_at__isnull=False, bounce_done_at=None)
    for message_id in list(rows.values_list("pk", flat=True)):
        finish_bounce(message_id=message_id, by=by)


@transaction.atomic
def finish_task(*, task_id: int, by: Actor) -> None:
    """A task of the desk that does not close by itself. Raises NotFound."""
    task = DeskTask.objects.filter(pk=task_id).first()
    if task is None:
        raise NotFound
    patients.finish_task(task=task, by=by)


@transaction.atomic
def dismiss_guardian(*, proposal_id: uuid.UUID, by: Actor) -> None:
    """The person named by the hospital's system does not become the carer. Raises NotFound."""
    proposal = GuardianProposal.objects.filter(pk=proposal_id).first()
    if proposal is None:
        raise NotFound
    patients.decide_guardian(proposal=proposal, decision="dismissed", by=by)


@transaction.atomic
def close_breach(*, breach_id: uuid.UUID, note: str, by: Actor) -> None:
    """The privacy officer has done what the law asks; the note says what. Raises NotFound."""
    breach = Breach.objects.filter(pk=breach_id).first()
    if breach is None:
        raise NotFound
    rows = Breach.objects.filter(pk=breach_id, closed_at=None)
    if rows.update(closed_at=clock.now(), closed_note=note):
        record("breach.closed", by=by, patient_id=breach.patient_id, objects=[breach])
