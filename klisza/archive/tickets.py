"""Tickets: permission to see some studies for five minutes, checked without a session and without the
database.

A ticket is base64url(version, issued, expiry, holder, session, owner, number of studies, number of series,
studies, series, MAC). Holder, session and owner stand there as keyed digests, studies as our random ids, series
as halves of theirs; the MAC is HMAC-SHA256 cut to 192 bits under a key of its own. It stands in the path of every
image address, so that no cache can hand one person's images to another (R19).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError

from klisza.accounts.services import revocation
from klisza.base import clock, sealing
from klisza.base.database import drop_stale_connections
from klisza.base.errors import NotAllowed, Unavailable

VERSION = 2
HEAD = struct.Struct(
    ">BQQ16s16s16sBH"
)  # version, issued and expiry in ms since 1970, holder, session, owner, numbers of studies and series
MAC_BYTES = 24
STUDIES_MOST = 64
SERIES_MOST = 400  # the address stays below five thousand characters
NOBODY = bytes(16)
POLL_SECONDS = 1.0
BLIND_SECONDS = 2.0  # a revocation works within this time or nothing is shown
KNOWN_TICKETS = 4096


class TicketRefused(NotAllowed):
    """Forged, expired or revoked; the page asks for a new one and learns there whether it may have it."""

    status = 401


@dataclass(frozen=True)
class Ticket:
    """`holder`, `session` and `owner` are digests in hex. series: their marks; empty = every series."""

    holder: str
    session: str
    owner: str
    study_ids: frozenset[uuid.UUID]
    series: frozenset[bytes]
    issued_at: datetime
    expires_at: datetime


def issue(
    *,
    holder: str,
    study_ids: list[uuid.UUID],
    session: str = "",
    owner: str = "",
    series_ids: list[uuid.UUID] | None = None,
    until: datetime | None = None,
) -> str:
    """A ticket for these studies. Call after the audit row is committed: from here on nothing is recorded.

    holder: whom the ticket belongs to; session: their sign-in, if it can end by itself. Both are names
    accounts.services.revoke takes. owner: who let the holder in; with their right this one ends, too.
    series_ids: only these of the studies. until: when the right itself is over, which may be sooner than a full life.
    """
    now = int(clock.now().timestamp() * 1000)
    whose = [_subject(name) if name else NOBODY for name in (holder, session, owner)]
    marks = [_mark(one) for one in series_ids or []]
    return _sealed(now, whose, study_ids, marks, until=until)


def renew(token: str) -> str:
    """A new ticket of the same content and a full life. Raises TicketRefused. The caller audits, as for
    `issue`."""
    ticket = check(token)
    _, _, _, *whose, _, _ = HEAD.unpack_from(_decoded(token))
    now = int(clock.now().timestamp() * 1000)
    return _sealed(now, whose, sorted(ticket.study_ids), sorted(ticket.series))


def check(token: str) -> Ticket:
    """Raises TicketRefused; Unavailable when revocations cannot be read for longer than they may take to
    work."""
    ticket = _known.get(token) or _remember(token, _open(token))
    if clock.now() >= ticket.expires_at or _revocations.covers(ticket):
        _known.pop(token, None)
        raise TicketRefused
    return ticket


def is_of_session(ticket: Ticket, session: str) -> bool:
    """Whether a browser with this sign-in may use the ticket: a copied address opens nothing elsewhere."""
    return not ticket.session or hmac.compare_digest(ticket.session, revocation.subject_of(session))


def covers(ticket: Ticket, series_id: uuid.UUID | None) -> bool:
    """Whether the ticket is for this series of one of its studies."""
    return not ticket.series or (series_id is not None and _mark(series_id) in ticket.series)


def _mark(series_id: uuid.UUID) -> bytes:
    """The random half of the id: enough within the few studies of one ticket."""
    return series_id.bytes[8:]


def _sealed(
    now: int,
    whose: list[bytes],
    study_ids: list[uuid.UUID],
    marks: list[bytes],
    *,
    until: datetime | None = None,
) -> str:
    """whose: holder, session, owner."""
    if not 0 < len(study_ids) <= STUDIES_MOST or len(marks) > SERIES_MOST:
        raise ValueError(f"a ticket is for 1 to {STUDIES_MOST} studies, and at most {SERIES_MOST} series")
    ends = now + int(settings.TICKET_LIFE.total_seconds() * 1000)
    if until is not None:
        ends = min(ends, int(until.timestamp() * 1000))
    parts = [study.bytes for study in study_ids] + marks
    body = HEAD.pack(VERSION, now, ends, *whose, len(study_ids), len(marks)) + b"".join(parts)
    return base64.urlsafe_b64encode(body + _mac(body)).rstrip(b"=").decode()


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        raise TicketRefused from None


def _open(token: str) -> Ticket:
    raw = _decoded(token)
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if len(body) < HEAD.size or not hmac.compare_digest(mac, _mac(body)):
        raise TicketRefused
    version, issued, ends, holder, session, owner, studies, series = HEAD.unpack_from(body)
    middle = HEAD.size + 16 * studies
    if version != VERSION or len(body) != middle + 8 * series:
        raise TicketRefused
    return Ticket(
        holder.hex(),
        "" if session == NOBODY else session.hex(),
        "" if owner == NOBODY else owner.hex(),
        frozenset(uuid.UUID(bytes=body[at : at + 16]) for at in range(HEAD.size, middle, 16)),
        frozenset(body[at : at + 8] for at in range(middle, len(body), 8)),
        _moment(issued),
        _moment(ends),
    )


def _mac(body: bytes) -> bytes:
    return hmac.new(sealing.key_for("ticket"), body, hashlib.sha256).digest()[:MAC_BYTES]


def _subject(name: str) -> bytes:
    return bytes.fromhex(revocation.subject_of(name))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def _remember(token: str, ticket: Ticket) -> Ticket:
    if len(_known) >= KNOWN_TICKETS:
        _known.clear()  # all are opened again from their own bytes
    _known[token] = ticket
    return ticket


class _Revocations:
    """Newest revocation of each subject, read again on use at most once a second."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.latest: dict[str, datetime] = {}
        self.read_at = float("-inf")

    def covers(self, ticket: Ticket) -> bool:
        self._refresh()
        if not self.latest:
            return False
        subjects = [
            ticket.holder,
            ticket.session,
            ticket.owner,
            *(revocation.subject_of(str(study)) for study in ticket.study_ids),
        ]
        return any(
            subject in self.latest and ticket.issued_at <= self.latest[subject] for subject in subjects
        )

    def _refresh(self) -> None:
        age = time.monotonic() - self.read_at
        if age < POLL_SECONDS:
            return
        # One thread reads; the others go on with what is known as long as that is fresh enough.
        if not self.lock.acquire(blocking=age >= BLIND_SECONDS):
            return
        try:
            if time.monotonic() - self.read_at >= POLL_SECONDS:
                self._read()
        finally:
            self.lock.release()

    def _read(self) -> None:
        began = time.monotonic()
        drop_stale_connections()
        try:
            latest = revocation.recent()
        except DatabaseError:
            if began - self.read_at >= BLIND_SECONDS:
                raise Unavailable("revocations", retry_after=2) from None
            return
        self.latest, self.read_at = latest, began


_known: dict[str, Ticket] = {}
_revocations = _Revocations()
