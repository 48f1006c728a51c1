"""How old somebody is, by the hospital's calendar: a birthday begins at midnight where the hospital is."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings

from klisza.base import clock

FULL_AGE = 18


def age(born: date, today: date) -> int:
    """Full years; who was born on 29 February has a birthday on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_now(born: date) -> int:
    return age(born, clock.local_date(clock.now()))


def may_have_own_account(born: date) -> bool:
    """From the age the hospital has set; until 18 only at the desk, with the own document."""
    return age_now(born) >= settings.OWN_ACCOUNT_AGE


def of_age_at(born: date) -> datetime:
    """The first moment of the 18th birthday."""
    try:
        day = born.replace(year=born.year + FULL_AGE)
    except ValueError:  # 29 February
        day = date(born.year + FULL_AGE, 3, 1)
    return datetime.combine(day, time.min, clock.local_zone())


def youngest_adult() -> date:
    """Roughly: who was born later is under age; the exact day is `age`'s business."""
    today = clock.local_date(clock.now())
    return date(today.year - FULL_AGE, today.month, min(today.day, 28)) + timedelta(days=3)
