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
from klisza.patients.models import Grant, Patient

from . import audience, news
from .audience import MAILED, Reader
from .news import Fact


def note_facts(examination: Examination, reports: news.Reports, *, quiet: bool = False) -> None:
    """Remember what became visible; a fact is noted once per account, however often it is computed.

    What is no longer true, or is kept from this reader, and was not told yet, is forgotten: it is told when it
    becomes true again. quiet: a back-fill or replay; noted as known, never told.
    """
    readers = audience.readers_of(examination.patient)
    learned = [
        (reader, one)
        for reader in readers
        for one in news.facts(examination, reports, reader.account)
        if audience.knows(reader, examination, one)
    ]
    kept = {(reader.account.pk, one.fact, one.detail) for reader, one in learned}
    for intent in NoticeIntent.objects.filter(examination=examination, sent_at=None):
        if (intent.account_id, intent.fact, intent.detail) not in kept:
            intent.delete()
    copied = bool(learned) and news.copies_told(examination, reports)
    for reader, one in learned:
        _note(reader, examination, one, quiet=quiet or (copied and one.fact == "report"))


def note_document(*, document: Document, quiet: bool = False) -> None:
    """A document that is no report came to "My documents"; call it in the transaction that shows it.

    One that belongs to an examination waits for that examination's release.
    """
    link = ExaminationDocument.objects.filter(document=document).select_related("examination").first()
    if link and not queries.open_now().filter(pk=link.examination_id).exists():
        return
    if link and not queries.report_open(link.examination):
        return
    if document.kind != "hospital" or not news.is_shown(document):
        return
    examination, one = link.examination if link else None, news.document_fact(document)
    for reader in audience.readers_of(document.patient):
        known = (
            audience.knows(reader, examination, one) if examination else audience.may_read(reader, document)
        )
        if known:
            _note(reader, examination, one, quiet=quiet)


def _note(reader: Reader, examination: Examination | None, fact: Fact, *, quiet: bool) -> None:
    now = clock.now()
    is_silent = quiet or fact.since < reader.since
    NoticeIntent.objects.get_or_create(
        account=reader.account,
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

    Its own person's and those of people it acts for. What it has opened meanwhile, or what is gone again, is
    not told; what it may no longer see is dropped. The message names the portal and the user name, never an
    examination, a kind, a result or whose it is (R65).
    """
    intents = NoticeIntent.objects.select_for_update(of=("self",)).filter(account=account, sent_at=None)
    waiting = list(intents.select_related("account", "examination__patient"))
    told: list[tuple[NoticeIntent, Reader]] = []
    now = clock.now()
    for intent in waiting:
        readers = _readers(intent)
        if not readers and not _is_own(intent):
            intent.delete()
            continue
        reader = next((one for one in readers if _is_news(intent, one)), None)
        told += [(intent, reader)] if reader else []
        intent.sent_at, intent.is_silent = now, reader is None
        intent.save(update_fields=["sent_at", "is_silent"])
    if not told or account.state not in MAILED:
        return False
    about = _kind_of({intent.fact for intent, _reader in told})
    return _send(account, about=about, acting=_acting([reader for _intent, reader in told]))


def _readers(intent: NoticeIntent) -> list[Reader]:
    """As whom this account may learn it at this moment: itself, or by grants that were there already then."""
    examination = intent.examination
    people = _people(intent.account) if examination is None else [examination.patient]
    found = [
        one
        for person in people
        for one in audience.readers_of(person)
        if one.account.pk == intent.account_id and (one.grant is None or one.since <= intent.created_at)
    ]
    if examination is None:
        return [one for one in found if one.grant is None or one.grant.scope == Grant.Scope.ALL]
    return [one for one in found if audience.may_learn(one, examination, intent.fact, intent.detail)]


def _people(account: Account) -> list[Patient]:
    """Whom a document of no examination can belong to."""
    own = patients.patient_of(account)
    return [*([own] if own else []), *(grant.patient for grant in patients.live_of(account))]


def _is_own(intent: NoticeIntent) -> bool:
    """Of the account's own person: what is kept back for a while is marked as told, not dropped."""
    own = patients.patient_of(intent.account)
    if own is None:
        return False
    return intent.examination is None or intent.examination.patient_id in patients.aliases(own)


def _acting(readers: list[Reader]) -> str:
    """Whose news it is: "" the own | some of somebody else's | only of others."""
    others = [reader for reader in readers if reader.grant is not None]
    if not others:
        return ""
    return "only" if len(others) == len(readers) else "some"


def _kind_of(told: set[str]) -> str:
    """documents | changes | results: what the sentence of the message is about."""
    if told == {"document"}:
        return "documents"
    return "changes" if told <= {"corrected", "withdrawn"} else "results"


def _is_news(intent: NoticeIntent, reader: Reader) -> bool:
    person = reader.grant.patient if reader.grant else patients.patient_of(reader.account)
    if person is None:
        return False
    mine = patients.aliases(patients.survivor(person))
    if news.opened(intent, mine):
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


def _send(account: Account, *, about: str, acting: str) -> bool:
    """By the channel the person of this account chose; by mail when there is no number to write to."""
    person = patients.patient_of(account)
    with override(account.language):
        context = _context(account, about, acting)
        text = render_to_string("examinations/mail/notice_sms.txt", context).strip()
    if person and patients.notice_channel(person) == "sms" and account.mobile:
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


def _context(account: Account, about: str, acting: str) -> dict[str, object]:
    """url: short, for text messages; link: with the mark that tells a wrong account (S43)."""
    path = "/documents/" if about == "documents" else "/examinations/"
    if acting:
        path = "/account/acting/"
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "user_name": account.user_name,
        "first_login": account.state == Account.State.NEW,
        "news": about,
        "acting": acting,
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
