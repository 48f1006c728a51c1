"""One mail, not ten: facts become intents, intents of one account become one mail (S23 S24)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from klisza.accounts.models import Account
from klisza.base import clock
from klisza.examinations import queries
from klisza.examinations.models import Examination, Images, NoticeIntent, ReportVersion
from klisza.notifications import services as notifications
from klisza.patients import queries as patients

MAILED = (Account.State.NEW, Account.State.ACTIVE)


def note_facts(examination: Examination, reports: list[ReportVersion | None]) -> None:
    """Remember what became visible; a fact is noted once per account, however often it is computed.

    What is no longer true, and was not told yet, is forgotten: it is told when it becomes true again.
    """
    account = _account_of(examination)
    facts = _facts(examination, reports)
    for intent in NoticeIntent.objects.filter(examination=examination, sent_at=None):
        if (intent.fact, intent.detail) not in facts:
            intent.delete()
    if account:
        for fact, detail in facts:
            _note(account, examination, fact, detail)


def _facts(examination: Examination, reports: list[ReportVersion | None]) -> list[tuple[str, str]]:
    """(fact, detail) of each; none while the gate is closed."""
    if not queries.open_now().filter(pk=examination.pk).exists():
        return []
    images = [("images", "")] if examination.images == Images.AVAILABLE else []
    return images + [
        ("corrected" if version.status == "C" else "report", str(version.pk))
        for version in reports
        if version and version.status != "X"
    ]


def _account_of(examination: Examination) -> Account | None:
    """Of two accounts of a merged person the survivor's."""
    person = patients.survivor(examination.patient)
    return person.account or next(iter(patients.accounts_of(person)), None)


def _note(account: Account, examination: Examination, fact: str, detail: str) -> None:
    NoticeIntent.objects.get_or_create(
        account=account,
        examination=examination,
        fact=fact,
        detail=detail,
        defaults={"created_at": clock.now()},
    )


def accounts_to_tell(limit: int) -> list[Account]:
    """Whose oldest intent has waited for the notice window; none in the quiet hours.

    A locked account waits.
    """
    if is_quiet(clock.now()):
        return []
    ripe = clock.now() - timedelta(minutes=settings.NOTICE_WINDOW_MINUTES)
    waiting = NoticeIntent.objects.filter(sent_at=None, created_at__lte=ripe)
    accounts = Account.objects.filter(pk__in=waiting.values("account_id")).exclude(state=Account.State.LOCKED)
    return list(accounts.order_by("pk")[:limit])


@transaction.atomic
def tell(*, account: Account) -> bool:
    """Merge all waiting intents of this account into one mail; False when there is nothing left to tell.

    The mail names the portal and the user name, never an examination, a kind or a result (R65).
    """
    intents = NoticeIntent.objects.select_for_update().filter(account=account, sent_at=None)
    examination_ids = set(intents.values_list("examination_id", flat=True))
    intents.update(sent_at=clock.now())
    still_open = queries.open_now().filter(pk__in=examination_ids).exists()
    if not still_open or account.state not in MAILED or not account.email:
        return False
    with override(account.language):
        context = _mail(account)
    notifications.enqueue_mail(
        to=account.email,
        language=account.language,
        template="examinations/mail/notice",
        context=context,
        kind="notice",
        account_id=account.pk,
    )
    return True


def _mail(account: Account) -> dict[str, object]:
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "user_name": account.user_name,
        "first_login": account.state == Account.State.NEW,
        "url": f"{settings.PUBLIC_URL}/examinations/",
    }


def is_quiet(moment: datetime) -> bool:
    """Between the two hours of settings.QUIET_HOURS, which may lie across midnight.

    The end itself is not quiet.
    """
    if settings.QUIET_HOURS is None:
        return False
    start, end = settings.QUIET_HOURS
    local: time = moment.astimezone(clock.local_zone()).time()
    return start <= local < end if start <= end else local >= start or local < end
