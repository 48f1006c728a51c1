"""Reading patients. A merge re-points nothing, so every reading starts at the survivor and takes its
aliases.
"""

from __future__ import annotations

from .grants import (
    carer_names,
    carers_of_rows,
    grant_on,
    grants_on,
    is_live,
    is_open_offer,
    live_grant,
    live_of,
    offered,
    over_by_now,
    until,
)
from .guardians import guardian_contacts, needs_own_contact
from .identifiers import (
    Form,
    aliases_of_issuers,
    find_person,
    forms,
    forms_of,
    issuers_of,
    persons_of,
    record_for,
    records,
)
from .invitations import WAVE_STAGES, Figures, wave_figures, wave_people, waves, without_account
from .looking import carer_viewer, viewer_again, viewer_for, viewer_for_staff
from .people import (
    access_events,
    account_of,
    accounts_of,
    aliases,
    find_by_identifier,
    full_name,
    get,
    open_tasks,
    patient_of,
    search,
    survivor,
)

__all__ = [
    "WAVE_STAGES",
    "Figures",
    "Form",
    "access_events",
    "account_of",
    "accounts_of",
    "aliases",
    "aliases_of_issuers",
    "carer_names",
    "carer_viewer",
    "carers_of_rows",
    "find_by_identifier",
    "find_person",
    "forms",
    "forms_of",
    "full_name",
    "get",
    "grant_on",
    "grants_on",
    "guardian_contacts",
    "is_live",
    "is_open_offer",
    "issuers_of",
    "live_grant",
    "live_of",
    "needs_own_contact",
    "offered",
    "open_tasks",
    "over_by_now",
    "patient_of",
    "persons_of",
    "record_for",
    "records",
    "search",
    "survivor",
    "until",
    "viewer_again",
    "viewer_for",
    "viewer_for_staff",
    "wave_figures",
    "wave_people",
    "waves",
    "without_account",
]
