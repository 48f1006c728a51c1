"""How many codes all accounts together may get in an hour: whoever pumps text messages is stopped here (R44)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from klisza.accounts.models import TextHour
from klisza.base import clock

from .limits import returning

TAKE = "UPDATE accounts_texthour SET sent = sent + 1 WHERE hour = %s AND sent < most RETURNING sent"


def take_text() -> bool:
    """Count one more of this hour; False, and nothing counted, when the breaker has tripped."""
    hour = _hour()
    if not TextHour.objects.filter(pk=hour).exists():
        TextHour.objects.get_or_create(pk=hour, defaults={"most": most_of(hour)})
    return returning(TAKE, [hour]) is not None


def most_of(hour: datetime) -> int:
    """Five times the mean of the same hour on the days before: nights are quiet, Monday mornings are not."""
    before = [hour - timedelta(days=day) for day in range(1, settings.CODES_MEAN_DAYS + 1)]
    sent = list(TextHour.objects.filter(pk__in=before).values_list("sent", flat=True))
    mean = sum(sent) / len(sent) if sent else 0
    return max(settings.CODES_PER_HOUR_ALL, int(settings.CODES_MEAN_TIMES * mean))


def sweep() -> int:
    """Hours that no mean asks for any more."""
    old = clock.now() - timedelta(days=settings.CODES_MEAN_DAYS + 1)
    return TextHour.objects.filter(pk__lt=old).delete()[0]


def _hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)
