"""The access log in plain words (N15, EHDS art. 9), and carers as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from klisza.audit.models import AuditEvent

from . import queries
from .models import Grant

# What concerns the data, whoever did it. Not what arrived or was held: that a report is there is told by its
# release alone (R63), and a clinician's reason is not for this page.
DATA_ACTIONS = {
    "list.viewed": _("List of examinations opened"),
    "examination.opened": _("Examination opened"),
    "images.viewed": _("Images viewed"),
    "report.opened": _("Report opened"),
    "report.downloaded": _("Report downloaded"),
    "report.printed": _("Report printed"),
    "export.downloaded": _("Copy of the examination downloaded"),
    "export.cancelled": _("Download of a copy cancelled"),
    "documents.viewed": _("List of documents opened"),
    "document.opened": _("Document opened"),
    "document.downloaded": _("Document downloaded"),
    "patient.viewed": _("Your data opened by staff"),
    "patient.opened": _("Your data opened by staff"),
    "message.viewed": _("Your data opened by staff"),
    "patient.created": _("Your data entered by the hospital"),
    "patient.updated": _("Your data corrected by the hospital"),
    "patient.merged": _("Two records of yours joined"),
    "patient.unmerged": _("Two records separated again"),
    "patient.linked": _("Records of two hospitals joined"),
    "patient.unlinked": _("Records of two hospitals separated again"),
    "patient.moved": _("Data entered under the wrong person put right"),
    "grant.given": _("Somebody was allowed to see your data"),
    "grant.ended": _("Somebody may no longer see your data"),
    "carer.acting": _("A carer opened your data"),
    "patient.own_contact": _("Your own contact data entered by the registration desk"),
    "patient.contact_entered": _("Your contact data entered by the registration desk"),
    "factor.reset": _("Ways of logging in reset by staff"),
    "share.created": _("Examination shared"),
    "share.opened": _("Share opened"),
    "share.pin_wrong": _("Wrong PIN entered for a share"),
    "share.answered": _("Recipient of a share wrote back"),
    "share.ended": _("Share ended"),
    "share.blocked": _("Share blocked"),
    "share.unblocked": _("Share unblocked"),
    "share.extended": _("Share extended"),
    "share.link_replaced": _("New link for a share"),
    "share.pin_replaced": _("PIN of a share replaced"),
    "share.left": _("Share closed by its recipient"),
    "delivery.listed": _("Files handed in: list written down"),
    "delivery.file_added": _("Files handed in: document added"),
    "delivery.file_removed": _("Files handed in: document removed"),
    "delivery.closed": _("Files handed in: list closed"),
    "delivery.person_answered": _("Files handed in: question about the person answered"),
    "delivery.incomplete": _("Files handed in: did not arrive completely"),
    "delivery.refused": _("Files handed in: refused by the hospital"),
    "survey.asked": _("Survey sent to you by the hospital"),
    "survey.withdrawn": _("Survey withdrawn by the hospital"),
    "survey.viewed": _("Your answers to a survey read by staff"),
    "survey.downloaded": _("Your answers to a survey downloaded"),
    "survey.started": _("Survey started"),
    "survey.begun": _("Survey begun to be answered"),
    "survey.completed": _("Survey sent to the hospital"),
    "survey.incomplete": _("Files of a survey had not all arrived"),
    "delivery.accepted": _("Files handed in: accepted by the hospital"),
    "delivery.taken_over": _("Files handed in: taken over by the hospital"),
    "delivery.viewed": _("Files handed in: opened by staff"),
    "delivery.images_viewed": _("Files handed in: images viewed by staff"),
    "document.taken_over": _("Document handed in: taken over by the hospital"),
    "document.refused": _("Document handed in: not taken over"),
    "guardian.proposed": _("Person named by the hospital who may look after your data"),
}
# Their reason is a note of the desk for the auditor: which document was seen.
DESK_NOTES = frozenset({"grant.given", "grant.ended", "patient.own_contact", "patient.contact_entered"})
# What the person's own account did.
OWN_ACTIONS = {
    "login.ok": _("Logged in"),
    "login.provider_ok": _("Identity confirmed by an outside service"),
    "password.declined": _("Decided to have no password"),
    "password.changed": _("Password changed"),
    "contact.changed": _("E-mail address or mobile number changed"),
    "clause.accepted": _("Information about your data acknowledged"),
    "factor.added": _("Way of logging in added"),
    "factor.removed": _("Way of logging in removed"),
    "recovery.made": _("New recovery codes made"),
    "login.recovery_ok": _("Logged in with a recovery code"),
    "session.ended": _("Another device logged out"),
    "examination.hidden_from_carers": _("An examination kept from carers"),
    "examination.shown_to_carers": _("An examination shown to carers again"),
    "account.closing_asked": _("Closing of the account asked for"),
    "account.closing_taken_back": _("Closing of the account taken back"),
}
ROLES = {
    "registration": _("registration"),
    "clinic": _("clinic"),
    "radiology": _("radiology"),
    "privacy": _("data protection"),
    "integration": _("technical service"),
    "admin": _("administration"),
}


@dataclass(frozen=True)
class LogRow:
    at: datetime
    what: str
    who: str
    device: str
    is_own: bool
    reason: str


def log_row(
    event: AuditEvent, *, account_id: object, carers: Mapping[str, str] = MappingProxyType({})
) -> LogRow:
    """carers: names of those who ever had a grant, by the id of their account."""
    is_own = event.agent_kind == "account" and event.agent_id == str(account_id)
    words = {**DATA_ACTIONS, **OWN_ACTIONS}
    return LogRow(
        at=event.at,
        what=str(words.get(event.action, event.action)),
        who=_who(event, is_own=is_own, carers=carers),
        device=event.client if is_own else "",
        is_own=is_own,
        reason=event.reason if event.agent_kind == "staff" and event.action not in DESK_NOTES else "",
    )


def _who(event: AuditEvent, *, is_own: bool, carers: Mapping[str, str]) -> str:
    """A role and an organisation, no employee's name: who needs it asks the data protection officer."""
    if is_own:
        return gettext("You")
    if event.agent_kind == "staff":
        roles = ", ".join(str(ROLES.get(role, role)) for role in event.role.split(",") if role)
        staff = gettext("Hospital staff")
        return f"{staff} ({roles})" if roles else staff
    if event.agent_kind == "guest":
        recipient = gettext("Recipient of a share")
        return f"{recipient}: {event.role}" if event.role else recipient
    if event.role == "carer" or (event.agent_kind == "account" and event.agent_id in carers):
        name = carers.get(event.agent_id, "")
        return gettext("Carer: %(name)s") % {"name": name} if name else gettext("Carer")
    if event.agent_kind == "account":
        return gettext("Another account of yours")
    return gettext("Computer system of %(hospital)s") % {
        "hospital": settings.HOSPITAL_NAME or settings.PORTAL_NAME
    }


SCOPES = {
    Grant.Scope.ALL: _("images and reports"),
    Grant.Scope.NO_REPORTS: _("images, without reports"),
    Grant.Scope.CHOSEN: _("chosen examinations only"),
}


@dataclass(frozen=True)
class ActedFor:
    """A person this account may act for. until: last day, empty = open end."""

    grant_id: UUID
    name: str
    scope: str
    until: datetime | None


def acted_for(grant: Grant) -> ActedFor:
    return ActedFor(
        grant.pk,
        queries.full_name(queries.survivor(grant.patient)),
        scope_word(grant),
        queries.until(grant),
    )


def scope_word(grant: Grant) -> str:
    return str(SCOPES.get(Grant.Scope(grant.scope), ""))
