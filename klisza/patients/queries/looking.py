"""From a signed-in account to the viewer: the person behind it, or whom it acts for."""

from __future__ import annotations

from dataclasses import replace

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.base.errors import NotFound
from klisza.patients.models import Grant, Patient
from klisza.patients.viewer import Viewer

from . import grants
from .people import aliases, patient_of, survivor


def viewer_for(account: Account | None, actor: Actor) -> Viewer:
    """The viewer behind a signed-in patient's account. Raises NotFound when the account has no patient."""
    patient = patient_of(account)
    if patient is None or account is None:
        raise NotFound
    return Viewer("patient", actor, account.pk, aliases(patient), patient.access_epoch, patient_id=patient.pk)


def viewer_for_staff(patient: Patient, actor: Actor, *, reason: str) -> Viewer:
    """Staff see what the patient sees; the reason stands in the patient's log."""
    first = survivor(patient)
    return Viewer("staff", actor, None, aliases(first), first.access_epoch, reason, patient_id=first.pk)


def carer_viewer(account: Account, grant: Grant, actor: Actor) -> Viewer:
    """The account looks for somebody else, within the grant. Raises NotFound when that does not count now.

    Whatever is recorded says so: the account, in the role of a carer, and for whom.
    """
    if grant.account_id != account.pk or not grants.is_live(grant):
        raise NotFound
    person = survivor(grant.patient)
    return Viewer(
        "carer",
        replace(actor, role="carer"),
        account.pk,
        aliases(person),
        person.access_epoch,
        f"grant {grant.pk}",
        patient_id=person.pk,
        grant_id=grant.pk,
        scope=grant.scope,
        is_guardian=grant.kind == Grant.Kind.GUARDIAN,
        until=grants.until(grant),
    )


def viewer_again(viewer: Viewer, account: Account) -> Viewer:
    """The same look a moment later: the same person or the same grant, whatever the browser shows meanwhile.

    Raises NotFound when the right is gone.
    """
    if viewer.kind != "carer":
        return viewer_for(account, viewer.actor)
    grant = grants.live_grant(account, viewer.grant_id) if viewer.grant_id else None
    if grant is None:
        raise NotFound
    return carer_viewer(account, grant, viewer.actor)
