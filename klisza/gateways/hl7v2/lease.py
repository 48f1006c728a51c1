"""One applier at a time across processes: a row with a short term that its holder keeps extending."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from django.db import DatabaseError, connections, transaction
from django.db.models import Q

from klisza.base import clock
from klisza.base.database import drop_stale_connections
from klisza.gateways.models import ApplierLease

log = structlog.get_logger(__name__)

TERM_SECONDS = 10
EXTEND_SECONDS = 2.5


def _place() -> str:
    """This machine since its start, and this space of process ids: only here a process id means something."""
    marks = [socket.gethostname()]
    with suppress(OSError):
        marks.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        marks.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("".join(marks).encode()).hexdigest()[:16]


PLACE = _place()


class Lease:
    """Held from `take` to `release`, and extended by a thread of its own however long one message takes."""

    def __init__(self, *, asks: bool = False) -> None:
        """asks: the holder is asked to step back (a replay); otherwise only a free lease is taken."""
        self.me = f"{PLACE}:{os.getpid()}:{secrets.token_hex(8)}"
        self.asks = asks
        self.good_until = 0.0  # monotonic; before this moment nobody else can have taken it
        self.was_orphaned = False  # whoever held it last died with it
        self.closing = threading.Event()
        self.thread: threading.Thread | None = None

    @property
    def is_held(self) -> bool:
        return time.monotonic() < self.good_until

    def take(self) -> bool:
        """Try once. Raises DatabaseError."""
        if self.is_held:
            return True
        if not self._write():
            return False
        if self.thread is None:
            self.thread = threading.Thread(target=self._extend, name="hl7-lease", daemon=True)
            self.thread.start()
        return True

    def release(self) -> None:
        self.closing.set()
        if self.thread is not None:
            self.thread.join()
        self.good_until = 0.0
        ApplierLease.objects.filter(holder=self.me).update(holder="", until=None)
        if self.asks:
            ApplierLease.objects.filter(asked_by=self.me).update(asked_by="", asked_until=None)

    def _extend(self) -> None:
        while not self.closing.wait(EXTEND_SECONDS):
            drop_stale_connections()
            try:
                if self.is_held and not self._write():
                    self.good_until = 0.0
                    log.info("hl7_lease_lost")
            except DatabaseError as fault:
                log.warning("hl7_lease_not_extended", kind=type(fault).__name__)
        connections.close_all()

    def _write(self) -> bool:
        """Take or extend; a lease somebody has asked for is given back instead."""
        before, now = time.monotonic(), clock.now()
        until = now + timedelta(seconds=TERM_SECONDS)
        with transaction.atomic():
            ApplierLease.objects.get_or_create(pk=1)
            row = ApplierLease.objects.select_for_update().get(pk=1)
            if self.asks:
                row.asked_by, row.asked_until = self.me, until
            elif row.asked_by and row.asked_until and row.asked_until > now and _may_live(row.asked_by):
                if row.holder == self.me:
                    row.holder, row.until = "", None
                    row.save()
                return False
            free = not row.holder or row.until is None or row.until <= now or not _may_live(row.holder)
            if row.holder == self.me or free:
                self.was_orphaned = self.was_orphaned or bool(row.holder and row.holder != self.me)
                row.holder, row.until = self.me, until
            row.save()
            mine = row.holder == self.me
        if mine:
            self.good_until = before + TERM_SECONDS
        return mine


def is_free() -> bool:
    """A look that costs no write lock."""
    now = clock.now()
    return not ApplierLease.objects.filter(Q(until__gt=now) | Q(asked_until__gt=now)).exists() or not any(
        _may_live(name) for row in ApplierLease.objects.all() for name in (row.holder, row.asked_by) if name
    )


def _may_live(holder: str) -> bool:
    """False only when it was a process of this machine that is gone: then nobody has to wait for the term."""
    place, _, rest = holder.partition(":")
    if place != PLACE:
        return True
    try:
        os.kill(int(rest.partition(":")[0]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return True
