"""Copies as a ZIP."""

from __future__ import annotations

from .environment import env

EXPORT_LIFE_MINUTES = env.whole(
    "KLISZA_EXPORT_LIFE_MINUTES",
    60,
    least=5,
    most=1440,
    about="how long a download that was cut can be gone on with",
)
EXPORTS_AT_ONCE = env.whole(
    "KLISZA_EXPORTS_AT_ONCE", 2, least=1, most=20, about="downloads of one person that may run at once"
)
