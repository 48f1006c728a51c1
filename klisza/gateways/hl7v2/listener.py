"""The HL7 v2 door: MLLP from senders on the list, one thread a connection, with and without TLS (R05, R06)."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from klisza.base.database import drop_stale_connections
from klisza.gateways import queries, services
from klisza.gateways.hl7v2 import tls
from klisza.gateways.hl7v2.answers import Desk
from klisza.gateways.hl7v2.applier import Applier
from klisza.gateways.hl7v2.connection import Caller, Connection
from klisza.gateways.hl7v2.inbox import Inbox
from klisza.gateways.models import Hl7Peer

log = structlog.get_logger(__name__)

BACKLOG = 128
HANDSHAKE_SECONDS = 10
DRAIN_SECONDS = 10  # after SIGTERM: messages that are being received may finish
LIST_SECONDS = 2.0  # a sender that was removed is sent away this soon, also from an open connection
# Threads take turns this often: with Python's 5 ms the one that commits waits for each that reads (measured: 1.4 times
# as many messages a second).
TURN_SECONDS = 0.0005
STRANGER = "address is not on the list"


def serve(stop: threading.Event) -> None:
    """Until `stop` is set; then drain. Raises OSError when an address is taken or a certificate unreadable."""
    sys.setswitchinterval(TURN_SECONDS)
    Door().run(stop)


@dataclass(eq=False)
class Visit:
    """One accepted socket. `connection` once it is known who called."""

    socket: socket.socket
    address: str
    is_tls: bool
    connection: Connection | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def has_spoken(self) -> bool:
        return self.connection is not None and self.connection.messages > 0

    def end(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class Door:
    def __init__(self) -> None:
        self.listeners = [(_listen(settings.HL7_BIND), False)]
        self.tls: ssl.SSLContext | None = None
        if settings.HL7_TLS_BIND:
            self.tls = tls.server_context()
            self.listeners.append((_listen(settings.HL7_TLS_BIND), True))
        self.inbox = Inbox()
        self.applier = Applier(self.inbox)
        self.desk = Desk(self.inbox, self.applier)
        self.lock = threading.Lock()
        self.visits: dict[Visit, threading.Thread] = {}
        self.closing = threading.Event()

    def run(self, stop: threading.Event) -> None:
        for listener, is_tls in self.listeners:
            threading.Thread(
                target=self._accept, args=(listener, is_tls), name="hl7-door", daemon=True
            ).start()
        ports = [listener.getsockname()[1] for listener, _ in self.listeners]
        log.info("hl7_listening", port=ports[0], tls_port=ports[1] if len(ports) > 1 else None)
        stop.wait()
        self.closing.set()
        for listener, _ in self.listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            listener.close()
        self._drain()
        self.inbox.close()
        self.applier.close()
        log.info("hl7_stopped")

    def _accept(self, listener: socket.socket, is_tls: bool) -> None:
        while not self.closing.is_set():
            try:
                line, (address, *_) = listener.accept()
            except OSError:
                time.sleep(0.05)  # closed, or no descriptor free: the next turn tells
                continue
            self._admit(Visit(line, address, is_tls))

    def _admit(self, visit: Visit) -> None:
        """Room for it: the longest one goes that has never sent a message; real senders are never sent away."""
        with self.lock:
            same = [other for other in self.visits if other.address == visit.address]
            crowd: list[Visit] | None = None
            if len(same) >= settings.HL7_CONNECTIONS_PER_SOURCE:
                crowd = same
            elif len(self.visits) >= settings.HL7_CONNECTIONS:
                crowd = list(self.visits)
            if crowd is not None:
                silent = next((other for other in crowd if not other.has_spoken), None)
                if silent is None:
                    log.warning("hl7_caller_refused", address=visit.address, reason="too many connections")
                    visit.socket.close()
                    return
                del self.visits[silent]
                silent.end()
            thread = threading.Thread(target=self._attend, args=(visit,), name="hl7-connection", daemon=True)
            self.visits[visit] = thread
        thread.start()

    def _attend(self, visit: Visit) -> None:
        """On the connection's thread. Nothing is read from who is not on the list (R05)."""
        caller: Caller | None = None
        cause = ""
        try:
            caller = self._identify(visit)
            cause = STRANGER
            if caller is not None:
                visit.connection = Connection(visit.socket, caller, self.desk, self.closing)
                cause = visit.connection.run()
        except ssl.SSLError as fault:
            cause = f"TLS: {fault.reason or type(fault).__name__}"[:200]
        except OSError:
            pass  # gone before it said anything
        except Exception as fault:  # noqa: BLE001 - no caller's fault may cost more than its connection
            log.error("hl7_connection_fault", error=type(fault).__name__)
        finally:
            visit.socket.close()
            with self.lock:
                self.visits.pop(visit, None)
            if cause:
                _note(visit, cause, caller)
            connections.close_all()

    def _identify(self, visit: Visit) -> Caller | None:
        """First the address, then the certificate; None for a stranger."""
        is_open = settings.HL7_OPEN and ipaddress.ip_address(visit.address.partition("%")[0]).is_loopback
        if not is_open and not queries.is_listed(visit.address):
            return None
        name = ""
        if visit.is_tls and self.tls is not None:
            visit.socket.settimeout(HANDSHAKE_SECONDS)
            visit.socket = self.tls.wrap_socket(visit.socket, server_side=True)
            name = tls.common_name(visit.socket)
        senders = _Senders(visit.address, name, visit.is_tls)
        caller = Caller(visit.address, name, senders, is_open)
        return caller if caller.may_stay else None

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        for thread in list(self.visits.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        for visit in list(self.visits):
            visit.end()


class _Senders:
    """The part of the list that fits a caller, asked again when it is older than a moment."""

    def __init__(self, address: str, certificate_name: str, is_tls: bool) -> None:
        self.address, self.certificate_name, self.is_tls = address, certificate_name, is_tls
        self.found: list[Hl7Peer] = []
        self.asked = -LIST_SECONDS

    def __call__(self) -> Sequence[Hl7Peer]:
        if time.monotonic() - self.asked >= LIST_SECONDS:
            drop_stale_connections()
            with suppress(DatabaseError):
                self.found = queries.senders_at(
                    self.address, certificate_name=self.certificate_name, is_tls=self.is_tls
                )
                self.asked = time.monotonic()
            connections.close_all()
        return self.found


def _listen(bind: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
    return socket.create_server(bind, family=family, backlog=BACKLOG)


def _note(visit: Visit, cause: str, caller: Caller | None) -> None:
    names = [peer.name for peer in caller.senders()] if caller else []
    log.warning("hl7_caller_refused", address=visit.address, reason=cause)
    with suppress(DatabaseError):
        services.record_refusal(
            address=visit.address, reason=cause, peer_name=names[0] if len(names) == 1 else ""
        )
