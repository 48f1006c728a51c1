"""What of an examination is news for its patient: content, not rows, so that a replay tells nothing twice."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from klisza.accounts.models import Account
from klisza.archive.models import Study
from klisza.audit.models import AuditEvent
from klisza.documents.models import Document
from klisza.examinations import queries
from klisza.examinations.models import Examination, Images, NoticeIntent, Report
from klisza.examinations.queries import Effect

LOOKED = ("examination.opened", "images.viewed", "report.opened", "report.downloaded", "report.printed")
READ = ("document.opened", "document.downloaded")
Reports = list[tuple[Report, Effect]]


@dataclass(frozen=True)
class Fact:
    """One thing the patient is told of once. since: when it could be seen first, as far as is known."""

    fact: str  # images | report | corrected | withdrawn | document
    detail: str
    since: datetime


def facts(examination: Examination, reports: Reports, account: Account) -> list[Fact]:
    """Of what may be seen now, and of what was seen and was taken back."""
    found = list(_withdrawn(examination, reports, account))
    if queries.open_now().filter(pk=examination.pk).exists():
        if queries.images_open(examination):
            found += _images(examination)
        if queries.report_open(examination):
            found += _reports(examination, reports)
            found += _documents(examination)
    return found


def _images(examination: Examination) -> Iterator[Fact]:
    if examination.images == Images.AVAILABLE and examination.images_from:
        studies = Study.objects.filter(pk__in=queries.study_ids(examination))
        arrived = studies.order_by("received_at").values_list("received_at", flat=True).first()
        yield Fact("images", "", max(arrived or examination.created_at, examination.images_from))


def _reports(examination: Examination, reports: Reports) -> Iterator[Fact]:
    """A report once, each correction by its content, each addendum."""
    for report, effect in reports:
        opened = examination.report_from or examination.created_at
        if effect.current and effect.current.status in "FC":
            since = max(effect.current.received_at, opened)
            yield Fact("report", name_of(report), since)
            if effect.current.status == "C":
                yield Fact("corrected", f"{name_of(report)}:{effect.current.digest[:32]}", since)
        if effect.current is None or effect.current.status != "X":
            for one in effect.addenda:
                since = max(one.received_at, opened)
                yield Fact("report", f"{name_of(report)}:A:{one.digest[:32]}", since)


def _documents(examination: Examination) -> Iterator[Fact]:
    for link in examination.document_links.select_related("document__blob"):
        if is_shown(link.document):
            yield document_fact(link.document)


def document_fact(document: Document) -> Fact:
    """By the sender's number, so that an edited one is no news; else by its bytes."""
    named = f"{document.issuer}|{document.unique_number}" if document.unique_number else document.blob.sha256
    return Fact("document", _short(named), document.received_at)


def is_shown(document: Document) -> bool:
    return not (document.withdrawn_at or document.hidden_reason or document.replaced_by_id)


def name_of(report: Report) -> str:
    return _short(report.key)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# Taken back


def _withdrawn(examination: Examination, reports: Reports, account: Account) -> Iterator[Fact]:
    """Only what this account was told of, or has looked at."""
    if examination.images == Images.WITHDRAWN and (
        _told(examination, account, "images", "")
        or _looked(account, examination.patient_id, ("images.viewed",), {str(examination.pk)})
    ):
        yield Fact("withdrawn", "images", examination.updated_at)
    for report, effect in reports:
        if effect.current and effect.current.status == "X" and _was_shown(examination, report, account):
            said = effect.current.stated_at
            yield Fact("withdrawn", f"{name_of(report)}:{said:%Y%m%dT%H%M%S}", effect.current.received_at)


def _was_shown(examination: Examination, report: Report, account: Account) -> bool:
    versions = {str(pk) for pk in report.versions.values_list("pk", flat=True)}
    return _told(examination, account, "report", name_of(report)) or _looked(
        account, examination.patient_id, LOOKED, versions
    )


def _told(examination: Examination, account: Account, fact: str, detail: str) -> bool:
    told = NoticeIntent.objects.filter(account=account, examination=examination, fact=fact, detail=detail)
    return told.exclude(sent_at=None).filter(is_silent=False).exists()


def copies_told(examination: Examination, reports: Reports) -> bool:
    """A report that turned out to be a copy was announced: what it is a copy of is no news."""
    kept = {report.pk for report, _ in reports}
    copies = {name_of(report) for report in examination.reports.all() if report.pk not in kept}
    told = NoticeIntent.objects.filter(examination=examination, fact="report", detail__in=copies)
    return bool(copies) and told.exclude(sent_at=None).exists()


# Opened meanwhile


def opened(intent: NoticeIntent, patient_ids: Iterable[uuid.UUID]) -> bool:
    """The person has seen it since it was there, without being told."""
    account = intent.account
    if intent.fact == "document":
        documents = _documents_meant(intent, patient_ids)
        return any(
            _looked(account, one.patient_id, READ, {str(one.pk)}, since=intent.created_at)
            for one in documents
        )
    examination = intent.examination
    if examination is None or intent.fact == "withdrawn":
        return False
    ids = {str(examination.pk)}
    if intent.fact in ("report", "corrected"):
        reports = [one for one in examination.reports.all() if intent.detail.startswith(name_of(one))]
        for report in reports:
            ids |= {str(pk) for pk in report.versions.values_list("pk", flat=True)}
    actions = LOOKED if intent.fact != "images" else ("examination.opened", "images.viewed")
    return _looked(account, examination.patient_id, actions, ids, since=intent.created_at)


def document_is_there(intent: NoticeIntent, patient_ids: Iterable[uuid.UUID]) -> bool:
    return any(is_shown(one) for one in _documents_meant(intent, patient_ids))


def _documents_meant(intent: NoticeIntent, patient_ids: Iterable[uuid.UUID]) -> list[Document]:
    rows = Document.objects.filter(patient_id__in=patient_ids).exclude(kind="report").select_related("blob")
    return [one for one in rows if document_fact(one).detail == intent.detail]


def _looked(
    account: Account,
    patient_id: uuid.UUID,
    actions: tuple[str, ...],
    ids: set[str],
    since: datetime | None = None,
) -> bool:
    events = AuditEvent.objects.filter(patient_id=patient_id, agent_id=str(account.pk), action__in=actions)
    if since:
        events = events.filter(at__gte=since)
    return any(row["id"] in ids for event in events.only("objects_json") for row in event.objects_json)
