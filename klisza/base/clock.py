"""Time: stored and compared in UTC, shown in KLISZA_TIME_ZONE."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings


def now() -> datetime:
    return datetime.now(UTC)


def local_zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def local_date(moment: datetime) -> date:
    """The calendar day at the hospital: the cut-off and birthdays count by it."""
    return moment.astimezone(local_zone()).date()
