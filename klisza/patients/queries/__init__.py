"""Reading patients. A merge re-points nothing, so every reading starts at the survivor and takes its
aliases.
"""

from __future__ import annotations

from .identifiers import (
    Form,
    aliases_of_issuers,
    believable,
    find_person,
    forms,
    forms_of,
    is_contradicted,
    issuers_of,
    persons_of,
    record_for,
    records,
)
from .invitations import WAVE_STAGES, Figures, wave_figures, wave_people, waves, without_account
from .people import (
    access_events,
    account_of,
    accounts_of,
    aliases,
    find_by_identifier,
    full_name,
    get,
    is_in_doubt,
    notice_channel,
    open_tasks,
    patient_of,
    search,
    survivor,
    viewer_for,
    viewer_for_staff,
    waits_for_visit,
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
    "believable",
    "find_by_identifier",
    "find_person",
    "forms",
    "forms_of",
    "full_name",
    "get",
    "is_contradicted",
    "is_in_doubt",
    "issuers_of",
    "notice_channel",
    "open_tasks",
    "patient_of",
    "persons_of",
    "record_for",
    "records",
    "search",
    "survivor",
    "viewer_for",
    "viewer_for_staff",
    "waits_for_visit",
    "wave_figures",
    "wave_people",
    "waves",
    "without_account",
]
