"""Attacks on everybody at once: no single account's limit sees them, so all failures are counted together."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.accounts import queries
from klisza.accounts.models import Alarm
from klisza.audit.actor import SYSTEM
from klisza.audit.services import record
from klisza.base import clock
from klisza.notifications.services import enqueue_mail

from . import limits

PER = timedelta(minutes=5)
ALL = "failures of all"
log = structlog.get_logger(__name__)


def count_failure() -> None:
    """One more wrong password or code, whoever's; in the caller's transaction."""
    if limits.take(ALL, "", limit=1_000_000_000, per=PER) == settings.ALARM_FAILURES_PER_5_MINUTES:
        raise_alarm(Alarm.Kind.LOGINS)


@transaction.atomic
def raise_alarm(kind: Alarm.Kind) -> None:
    """Open the alarm, or note that its cause goes on; one mail tells the people who run the portal."""
    now = clock.now()
    if Alarm.objects.filter(kind=kind, ended_at=None).update(last_at=now):
        return
    try:
        with transaction.atomic():
            alarm = Alarm.objects.create(kind=kind, began_at=now, last_at=now)
    except IntegrityError:  # another process was first
        return
    record("alarm.raised", by=SYSTEM, objects=[alarm], reason=kind)
    log.error("alarm_raised", kind=str(kind))
    to = settings.ALARM_EMAIL or settings.SUPPORT_EMAIL
    if to:
        enqueue_mail(
            to=to,
            language=settings.LANGUAGE_CODE,
            template=f"accounts/mail/alarm_{kind}",
            kind="alarm",
            context={"portal_name": settings.PORTAL_NAME, "at": now},
        )


def watch() -> int:
    """The worker's part: what no page could raise, and the end of what is over. Returns what changed."""
    if limits.recent(ALL, "", per=PER) >= settings.ALARM_FAILURES_PER_5_MINUTES:
        raise_alarm(Alarm.Kind.LOGINS)
    over = [alarm for alarm in queries.alarms() if clock.now() - alarm.last_at >= settings.ALARM_QUIET]
    for alarm in over:
        _end(alarm)
    return len(over)


@transaction.atomic
def _end(alarm: Alarm) -> None:
    if Alarm.objects.filter(pk=alarm.pk, ended_at=None).update(ended_at=clock.now()):
        record("alarm.ended", by=SYSTEM, objects=[alarm], reason=alarm.kind)
