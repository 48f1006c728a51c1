"""What a hospital machine gets for a bearer token with the scope dicomweb:read."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.db import DatabaseError

from klisza.accounts import queries as accounts
from klisza.archive.models import Study
from klisza.audit import services as audit
from klisza.audit.actor import Actor
from klisza.base.database import drop_stale_connections
from klisza.base.errors import NotFound, Unavailable

from . import qido, wado
from .answers import Answer, Environ, Problem

READ = "dicomweb:read"
KNOWN_SECONDS = 4.0  # a revoked client is refused within five seconds
KNOWN_MOST = 1024
AUDIT_SECONDS = (
    300.0  # one row for each client and study, and for searching, in five minutes: as long as a ticket lives
)
QUERY_PAIRS = 100
CHALLENGE = ("WWW-Authenticate", 'Bearer realm="dicom-web"')


@dataclass(frozen=True)
class Client:
    id: str
    scopes: frozenset[str]


_known: dict[bytes, tuple[float, Client | None]] = {}
_audited: dict[tuple[str, str, uuid.UUID | None], float] = {}
_lock = threading.Lock()


def answer(parts: list[str], environ: Environ) -> Answer:
    client = _client(environ.get("HTTP_AUTHORIZATION", ""))
    try:
        pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=QUERY_PAIRS)
    except ValueError:
        raise Problem(400, "Too many parameters") from None
    drop_stale_connections()
    if "\0" in "".join(parts):
        raise NotFound
    if (found := qido.search(parts, pairs, environ)) is not None:
        _record(client, "study.searched", environ)
        return found
    if parts[0] != "studies" or len(parts) < 2:
        raise NotFound
    entry = wado.find(parts[1], newest="frames" not in parts)
    _record(client, "study.retrieved", environ, entry.id)
    return wado.retrieve(entry, parts[2:], environ, dict(pairs))


def _client(authorization: str) -> Client:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or not token.isascii():
        raise Problem(401, "", CHALLENGE)
    client = _lookup(token.strip())
    if client is None:
        raise Problem(401, "", CHALLENGE)
    if READ not in client.scopes:
        raise Problem(403, f"The client lacks the scope {READ}")
    return client


def _lookup(token: str) -> Client | None:
    key = hashlib.sha256(token.encode()).digest()
    known = _known.get(key)
    if known is not None and time.monotonic() - known[0] < KNOWN_SECONDS:
        return known[1]
    now = time.monotonic()
    drop_stale_connections()
    row = accounts.client_for(token)
    client = Client(str(row.pk), frozenset(row.scopes)) if row else None
    with _lock:
        if len(_known) >= KNOWN_MOST:
            _known.clear()
        _known[key] = (now, client)
    return client


def _record(client: Client, action: str, environ: Environ, study_id: uuid.UUID | None = None) -> None:
    """What cannot be recorded is not given out (R69)."""
    now, key = time.monotonic(), (client.id, action, study_id)
    if now - _audited.get(key, float("-inf")) < AUDIT_SECONDS:
        return
    by = Actor(kind="machine", id=client.id, source_ip=environ.get("REMOTE_ADDR", ""))
    try:
        audit.record(action, by=by, objects=[Study(pk=study_id)] if study_id else [])
    except DatabaseError:
        raise Unavailable("audit", retry_after=5) from None
    with _lock:
        if len(_audited) >= KNOWN_MOST * 8:
            _audited.clear()
        _audited[key] = now
