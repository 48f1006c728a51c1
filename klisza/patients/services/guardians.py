"""Who may speak for a child: what NK1 proposes, a person decides (N11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.phones import normal
from klisza.accounts.services import provision
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.patients import queries
from klisza.patients.models import GuardianProposal, Patient
from klisza.standards.hl7v2.facts import Contact

from .account import is_minor
from .tasks import close_task, open_task

# HL70063: mother, father, parent, guardian, foster parent, stepparent; blank = not said. Not: emergency contacts.
GUARDIANS = ("MTH", "FTH", "PAR", "GRD", "FCH", "STP", "")
DECISIONS = ("dismissed", "taken")


def propose_guardian(
    *, patient: Patient, contacts: Sequence[Contact], stated_at: datetime, default_issuer: str, by: Actor
) -> None:
    """Of somebody under 18 only, and never more than a proposal: no account, no mail, nothing to see."""
    person = queries.survivor(patient)
    named = [contact for contact in contacts if contact.relation.upper() in GUARDIANS and contact.family_name]
    if not named or not is_minor(person):
        return
    with transaction.atomic():
        for contact in named:
            _keep(person, contact, stated_at, default_issuer, by)


def _keep(person: Patient, contact: Contact, stated_at: datetime, default_issuer: str, by: Actor) -> None:
    values = {
        "email": _email(contact.email),
        "mobile": normal(contact.mobile),
        "identifiers": [
            [form.issuer, form.value] for form in queries.forms(contact.identifiers, default_issuer)
        ],
    }
    proposal, is_new = GuardianProposal.objects.get_or_create(
        patient=person,
        family_name=" ".join(contact.family_name.split())[:200],
        given_name=" ".join(contact.given_name.split())[:200],
        relation=contact.relation.upper()[:16],
        defaults={**values, "proposed_at": stated_at},
    )
    if is_new:
        open_task(person, "guardian_proposed")
        record("guardian.proposed", by=by, patient_id=person.pk, objects=[proposal])
    elif proposal.proposed_at < stated_at:  # an older message never overwrites a newer one
        GuardianProposal.objects.filter(pk=proposal.pk).update(
            proposed_at=stated_at, **{name: value for name, value in values.items() if value}
        )


def _email(text: str) -> str:
    try:
        return provision.usable_email(text) if text.strip() else ""
    except ContactNotUsable:
        return ""


@transaction.atomic
def decide_guardian(*, proposal: GuardianProposal, decision: str, by: Actor) -> None:
    """The desk has seen a document, or has not. decision: dismissed | taken. Raises BadMessage for another."""
    if decision not in DECISIONS:
        raise BadMessage("a proposal is dismissed or taken")
    row = GuardianProposal.objects.select_for_update().get(pk=proposal.pk)
    row.decision, row.decided_at = decision, clock.now()
    row.save(update_fields=["decision", "decided_at"])
    if not GuardianProposal.objects.filter(patient=row.patient, decided_at=None).exists():
        close_task(row.patient, "guardian_proposed")
    record(f"guardian.{decision}", by=by, patient_id=row.patient_id, objects=[row])
