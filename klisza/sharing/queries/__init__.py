"""Reading shares. `standing` alone decides whether one counts at this moment."""

from .listed import (
    events_of,
    mine,
    open_count,
    series_by_examination,
    share_of,
    shared_examinations,
    visits_of,
    words_of,
)
from .standing import (
    by_token,
    guest_viewer,
    is_in_use,
    is_live,
    is_right_left,
    over_by_now,
    sharer_viewer,
    token_digest,
    visit_at,
    visit_of,
)
from .units import all_units, member_names, member_viewer, shared_with, shares_with, unit, units, units_of

__all__ = [
    "all_units",
    "by_token",
    "events_of",
    "guest_viewer",
    "is_in_use",
    "is_live",
    "is_right_left",
    "member_names",
    "member_viewer",
    "mine",
    "open_count",
    "over_by_now",
    "series_by_examination",
    "share_of",
    "shared_examinations",
    "shared_with",
    "sharer_viewer",
    "shares_with",
    "token_digest",
    "unit",
    "units",
    "units_of",
    "visit_at",
    "visit_of",
    "visits_of",
    "words_of",
]
