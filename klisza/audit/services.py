"""Writing audit rows, and linking them into the chain."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from django.db import DatabaseError, connection, transaction

from klisza.base import clock
from klisza.base.errors import Unavailable

from . import chain, storage
from .actor import Actor
from .models import AuditEvent, AuditHead, AuditLink

LINKS_AT_ONCE = 500
HEAD_EVERY = timedelta(minutes=4)  # "at most five minutes" with a minute to spare


class _Row(Protocol):
    @property
    def pk(self) -> object: ...


def record(
    action: str,
    *,
    by: Actor,
    patient_id: uuid.UUID | None = None,
    objects: Iterable[_Row] = (),
    outcome: str = "success",
    reason: str = "",
) -> AuditEvent:
    """Insert one event into the caller's transaction, unchained; the worker chains it within 5 s.

    objects: saved model rows; kept as class name and primary key.
    Raises Unavailable: what cannot be recorded must not be shown (R69).
    """
    try:
        return AuditEvent.objects.create(
            at=clock.now(),
            action=action,
            outcome=outcome,
            agent_kind=by.kind,
            agent_id=by.id,
            role=by.role,
            source_ip=by.source_ip,
            client=by.client,
            patient_id=patient_id,
            objects_json=[{"kind": type(row).__name__, "id": str(row.pk)} for row in objects],
            reason=reason,
        )
    except DatabaseError as failed:
        raise Unavailable("audit") from failed


def link_events() -> int:
    """Chain what is not chained yet, in id order; returns how many."""
    if not _unlinked_exists():  # a look costs no write lock
        return 0
    newest = _newest_settled_id()
    with transaction.atomic():
        _keep_other_linkers_out()
        last = AuditLink.objects.order_by("-event_id").first()
        after, previous = (last.event_id, last.hash) if last else (0, chain.START)
        events = AuditEvent.objects.filter(id__gt=after, id__lte=newest).order_by("id")
        links = []
        for event in events.values_list(*chain.FIELDS)[:LINKS_AT_ONCE]:
            previous = chain.next_hash(previous, event)
            links.append(AuditLink(event_id=event[0], hash=previous))
        AuditLink.objects.bulk_create(links)
    return len(links)


def _unlinked_exists() -> bool:
    last = AuditLink.objects.order_by("-event_id").values_list("event_id", flat=True).first() or 0
    return AuditEvent.objects.filter(id__gt=last).exists()


def _newest_settled_id() -> int:
    """Up to this id every event is either there or will never be.

    PostgreSQL hands out numbers before the commit; its SHARE lock waits for whoever has written an event.
    SQLite has one writer at a time, and its numbers follow the commits.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute("LOCK TABLE audit_auditevent IN SHARE MODE")
        return AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _keep_other_linkers_out() -> None:
    """On SQLite the transaction itself does (BEGIN IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE audit_auditlink IN EXCLUSIVE MODE")


def sign_head() -> int:
    """Sign the end of the chain and put it outside the database too, when it has grown since."""
    last = AuditLink.objects.order_by("-event_id").first()
    head = AuditHead.objects.order_by("-id").first()
    now = clock.now()
    if last is None or (head and (head.event_id == last.event_id or now - head.at < HEAD_EVERY)):
        return 0
    signed = storage.Head(now, last.event_id, last.hash, chain.sign(last.event_id, last.hash, now))
    storage.append(signed)  # first: a head that stands in the database alone proves nothing
    AuditHead.objects.create(at=now, event_id=signed.event_id, hash=signed.hash, signature=signed.signature)
    return 1
