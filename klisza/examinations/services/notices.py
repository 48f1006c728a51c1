"""One mail, not ten: facts become intents, intents of one account become one message (S23 S24 N16)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import override

from klisza.accounts import marks
from klisza.accounts.models import Account
from klisza.base import clock
from klisza.documents.models import Document
from klisza.examinations import queries
from klisza.examinations.models import Examination, ExaminationDocument, NoticeIntent
from klisza.notifications import services as notifications
from klisza.patients import queries as patients
from klisza.patients.models import Patient

from . import news
from .news import Fact

MAILED = (Account.State.NEW, Account.State.ACTIVE)
TOLD_SOME_DAY = (*MAILED, Account.State.LOCKED)
# What was there this long before the account is no news to it: the first login shows it.
BEFORE_ACCOUNT = timedelta(days=1)


def note_facts(examination: Examination, reports: news.Reports, *, quiet: bool = False) -> None:
    """Remember what became visible; a fact is noted once per account, however often it is computed.

    What is no longer true, and was not told yet, is forgotten: it is told when it becomes true again.
    quiet: a back-fill or replay; noted as known, never told.
    """
    account = _account_of(examination.patient)
    facts = news.facts(examination, reports, account) if account else []
    kept = {(one.fact, one.detail) for one in facts}
    for intent in NoticeIntent.objects.filter(examination=examination, sent_at=None):
        if intent.account_id != (account and account.pk) or (intent.fact, intent.detail) not in kept:
            intent.delete()
    if account is None:
        return
    copied = news.copies_told(examination, reports)
    for one in facts:
        _note(account, examination, one, quiet=quiet or (copied and one.fact == "report"))


def note_document(*, document: Document, quiet: bool = False) -> None:
    """A document that is no report came to "My documents"; call it in the transaction that shows it.

    One that belongs to an examination waits for that examination's release.
    """
    link = ExaminationDocument.objects.filter(document=document).select_related("examination").first()
    if link and not queries.open_now().filter(pk=link.examination_id).exists():
        return
    if link and not queries.report_open(link.examination):
        return
    account = _account_of(document.patient)
    if account and document.kind == "hospital" and news.is_shown(document):
        _note(account, link.examination if link else None, news.document_fact(document), quiet=quiet)


def _account_of(patient: Patient) -> Account | None:
    """The one that speaks for the person. None for whom nothing is shown, and for the dead."""
    person = patients.survivor(patient)
    if person.restricted_reason or patient.restricted_reason or person.is_dead or person.died_at:
        return None
    account = patients.account_of(person)
    return account if account and account.state in TOLD_SOME_DAY else None


def _note(account: Account, examination: Examination | None, fact: Fact, *, quiet: bool) -> None:
    now = clock.now()
    is_silent = quiet or fact.since < account.created_at - BEFORE_ACCOUNT
    NoticeIntent.objects.get_or_create(
        account=account,
        examination=examination,
        fact=fact.fact,
        detail=fact.detail,
        defaults={"created_at": now, "is_silent": is_silent, "sent_at": now if is_silent else None},
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
    """Merge all waiting intents of this account into one message; False when nothing is left to tell.

    What the person has opened meanwhile, or what is gone again, is not told. The message names the portal and
    the user name, never an examination, a kind or a result (R65).
    """
    intents = NoticeIntent.objects.select_for_update(of=("self",)).filter(account=account, sent_at=None)
    waiting = list(intents.select_related("account", "examination__patient"))
    person = patients.patient_of(account)
    telling = [one for one in waiting if person and _is_news(one, person)]
    now = clock.now()
    for intent in waiting:
        intent.sent_at, intent.is_silent = now, intent not in telling
        intent.save(update_fields=["sent_at", "is_silent"])
    if not telling or person is None or account.state not in MAILED:
        return False
    return _send(account, person, about=_kind_of({one.fact for one in telling}))


def _kind_of(told: set[str]) -> str:
    """documents | changes | results: what the sentence of the message is about."""
    if told == {"document"}:
        return "documents"
    return "changes" if told <= {"corrected", "withdrawn"} else "results"


def _is_news(intent: NoticeIntent, person: Patient) -> bool:
    mine = patients.aliases(person)
    if _account_of(person) is None or news.opened(intent, mine):
        return False
    if intent.fact == "document" and not news.document_is_there(intent, mine):
        return False
    return intent.fact == "withdrawn" or _is_open(intent)


def _is_open(intent: NoticeIntent) -> bool:
    """Still, at this moment."""
    if intent.examination is None:
        return True
    if not queries.open_now().filter(pk=intent.examination.pk).exists():
        return False
    is_image = intent.fact == "images"
    return queries.images_open(intent.examination) if is_image else queries.report_open(intent.examination)


def _send(account: Account, person: Patient, *, about: str) -> bool:
    """By the channel the person chose; by mail when there is no number to write to."""
    with override(account.language):
        context = _context(account, about)
        text = render_to_string("examinations/mail/notice_sms.txt", context).strip()
    if patients.notice_channel(person) == "sms" and account.mobile:
        notifications.enqueue_sms(to=account.mobile, text=text, kind="notice", account_id=account.pk)
        return True
    if not account.email:
        return False
    notifications.enqueue_mail(
        to=account.email,
        language=account.language,
        template="examinations/mail/notice",
        context=context,
        kind="notice",
        account_id=account.pk,
    )
    return True


def _context(account: Account, about: str) -> dict[str, object]:
    """url: short, for text messages; link: with the mark that tells a wrong account (S43)."""
    path = "/documents/" if about == "documents" else "/examinations/"
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "user_name": account.user_name,
        "first_login": account.state == Account.State.NEW,
        "news": about,
        "url": settings.PUBLIC_URL + path,
        "link": marks.link(account, path),
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
