"""The DICOM door: C-STORE and C-ECHO from peers on the list (R02), one thread group for the whole role."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from klisza.archive.models import Peer
from klisza.archive.services import Source, find_peer, keep_open, record_refusal
from klisza.base.database import drop_stale_connections
from klisza.standards.dul.pdus import titles

from .association import Association
from .porch import Porch
from .rejections import NOT_NOW, TOO_MANY, UNKNOWN_CALLED, UNKNOWN_CALLING, Rejection

log = structlog.get_logger(__name__)

BACKLOG = 128
KEEP_SECONDS = 5.0
CLERKS = 4
DRAIN_SECONDS = 10  # after SIGTERM: associations that run may finish, new ones are told to come back


def serve(stop: threading.Event) -> None:
    """Until `stop` is set; then drain. Raises OSError when the address is taken."""
    Door(settings.DICOM_BIND).run(stop)


class Door:
    def __init__(self, bind: tuple[str, int]) -> None:
        family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
        self.listener = socket.create_server(bind, family=family, backlog=BACKLOG)
        self.lock = threading.Lock()
        self.callers: Counter[str] = Counter()  # association slots taken, by address
        self.associations: set[Association] = set()
        self.closing = threading.Event()
        self.clerks = ThreadPoolExecutor(CLERKS, thread_name_prefix="dicom-clerk")

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def run(self, stop: threading.Event) -> None:
        closed = threading.Event()
        porch = Porch(self.listener, self._admit, patience=settings.SILENT_SOCKET_SECONDS)
        thread = threading.Thread(target=porch.run, args=(closed,), name="dicom-porch", daemon=True)
        thread.start()
        keeper = threading.Thread(target=self._keep_studies_open, name="dicom-keeper", daemon=True)
        keeper.start()
        log.info("dicom_listening", port=self.port)
        stop.wait()
        self.closing.set()
        self._drain()
        closed.set()
        thread.join()
        keeper.join()
        self.listener.close()
        self.clerks.shutdown(wait=True, cancel_futures=True)
        log.info("dicom_stopped")

    def _keep_studies_open(self) -> None:
        """A study is not complete while the association that sent its newest instance is open: one large object
        may take longer than the quiet time.
        """
        every = min(KEEP_SECONDS, settings.SETTLE_SECONDS / 3)
        while not self.closing.wait(every):
            with self.lock:
                studies = {one.study_id for one in self.associations if one.study_id}
            if studies:
                drop_stale_connections()
                with suppress(DatabaseError):  # locked or away: the next turn is soon enough
                    keep_open(studies, seconds=2 * every)
        connections.close_all()

    def _admit(self, connection: socket.socket, address: str, request: bytes) -> None:
        """On the porch's thread: count, then let a clerk look at the list."""
        if self.closing.is_set():
            _reject(connection, NOT_NOW)
        elif not self._take_slot(address):
            log.warning("dicom_caller_refused", address=address, reason=TOO_MANY.sentence)
            _reject(connection, TOO_MANY)
        else:
            self.clerks.submit(self._enter, connection, address, request)

    def _enter(self, connection: socket.socket, address: str, request: bytes) -> None:
        """On a clerk's thread, which may wait for the database."""
        drop_stale_connections()
        entered = False
        try:
            rejection, source = self._identify(address, request)
            if rejection:
                _reject(connection, rejection)
            else:
                self._start(connection, address, request, source)
                entered = True
        except Exception as fault:  # noqa: BLE001 - no caller's fault may cost a clerk
            log.error("dicom_fault", kind=type(fault).__name__)
            _reject(connection, NOT_NOW)
        finally:
            if not entered:
                self._give_slot_back(address)
            drop_stale_connections()

    def _identify(self, address: str, request: bytes) -> tuple[Rejection | None, Source]:
        called, calling = titles(request)
        peer = find_peer(ae_title=calling, address=address)
        rejection = None
        if not settings.DICOM_OPEN:
            rejection = UNKNOWN_CALLED if called != settings.AE_TITLE else None if peer else UNKNOWN_CALLING
        if rejection:
            record_refusal(
                calling_ae_title=calling, called_ae_title=called, address=address, reason=rejection.sentence
            )
        return rejection, _source(peer, calling)

    def _start(self, connection: socket.socket, address: str, request: bytes, source: Source) -> None:
        association = Association(
            connection, address, request, source=source, ended=lambda one: self._ended(one, address)
        )
        with self.lock:
            self.associations.add(association)
        association.start()

    def _ended(self, association: Association, address: str) -> None:
        with self.lock:
            self.associations.discard(association)
        self._give_slot_back(address)

    def _take_slot(self, address: str) -> bool:
        with self.lock:
            if (
                self.callers.total() >= settings.MAX_ASSOCIATIONS
                or self.callers[address] >= settings.MAX_ASSOCIATIONS_PER_SOURCE
            ):
                return False
            self.callers[address] += 1
            return True

    def _give_slot_back(self, address: str) -> None:
        with self.lock:
            self.callers[address] -= 1
            self.callers += Counter()  # forgets addresses that hold none

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.associations and time.monotonic() < deadline:
            time.sleep(0.05)
        for association in list(self.associations):
            association.abort()


def _source(peer: Peer | None, calling: str) -> Source:
    if peer is None:
        return Source(f"AE {''.join(sign for sign in calling if sign.isprintable())}")
    return Source(peer.name, peer.issuer, peer.charset)


def _reject(connection: socket.socket, rejection: Rejection) -> None:
    with suppress(OSError):
        connection.settimeout(1.0)
        connection.sendall(rejection.pdu())
        connection.shutdown(socket.SHUT_WR)
    connection.close()
