"""The HL7 v2 door: MLLP from senders on the list, one event loop for all, with and without TLS (R05, R06)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from django.conf import settings

from klisza.gateways.hl7v2 import tls
from klisza.gateways.hl7v2.answers import Desk
from klisza.gateways.hl7v2.applier import Applier
from klisza.gateways.hl7v2.aside import Aside
from klisza.gateways.hl7v2.inbox import Inbox
from klisza.gateways.hl7v2.visit import Visit

log = structlog.get_logger(__name__)

BACKLOG = 128
DRAIN_SECONDS = 10  # after SIGTERM: messages that are being received may finish
NO_DESCRIPTOR_SECONDS = 0.05
# Threads take turns this often: with Python's 5 ms the one that commits waits for the one that reads.
TURN_SECONDS = 0.0001


def serve(stop: threading.Event) -> None:
    """Until `stop` is set; then drain. Raises OSError when an address is taken or a certificate unreadable."""
    sys.setswitchinterval(TURN_SECONDS)
    Door().run(stop)


class Door:
    def __init__(self) -> None:
        self.listeners: list[tuple[socket.socket, ssl.SSLContext | None]] = []
        self.listeners.append((_listen(settings.HL7_BIND), None))
        if settings.HL7_TLS_BIND:
            certificates = tls.server_context()
            self.listeners.append((_listen(settings.HL7_TLS_BIND), certificates))
        self.inbox = Inbox()
        self.applier = Applier(self.inbox)
        self.desk = Desk(self.inbox, self.applier)
        self.aside = Aside()
        self.visits: dict[Visit, asyncio.Task[None]] = {}  # in the order of their coming
        self.loop = asyncio.new_event_loop()
        self.closing = asyncio.Event()

    def run(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(1, "hl7-wire") as wire:
            serving = wire.submit(self._run_loop)
            serving.add_done_callback(lambda _: stop.set())  # when it fails the process ends
            stop.wait()
            with suppress(RuntimeError):  # it has ended
                self.loop.call_soon_threadsafe(self.closing.set)
            serving.result()
        self.aside.close()
        self.inbox.close()
        self.applier.close()
        log.info("hl7_stopped")

    def _run_loop(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        doors = [asyncio.create_task(self._accept(*listener)) for listener in self.listeners]
        ports = [listener.getsockname()[1] for listener, _ in self.listeners]
        log.info("hl7_listening", port=ports[0], tls_port=ports[1] if len(ports) > 1 else None)
        await self.closing.wait()
        for door in doors:
            door.cancel()
        await asyncio.wait(doors)
        for listener, _ in self.listeners:
            listener.close()
        await self._drain()

    async def _accept(self, listener: socket.socket, certificates: ssl.SSLContext | None) -> None:
        while True:
            try:
                plain, (address, *_) = await self.loop.sock_accept(listener)
            except OSError:  # no descriptor free, or the caller has gone: the next turn tells
                await asyncio.sleep(NO_DESCRIPTOR_SECONDS)
                continue
            self._admit(Visit(plain, address, certificates))

    def _admit(self, visit: Visit) -> None:
        """Room for it: the longest one goes that has never sent a message; real senders are never sent away."""
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
                visit.plain.close()
                return
            self.visits.pop(silent).cancel()
        task = self.loop.create_task(visit.attend(self.desk, self.aside))
        self.visits[visit] = task
        task.add_done_callback(lambda _: self.visits.pop(visit, None))

    async def _drain(self) -> None:
        for visit in self.visits:
            visit.stop()
        if self.visits:
            await asyncio.wait(self.visits.values(), timeout=DRAIN_SECONDS)
        for task in self.visits.values():
            task.cancel()


def _listen(bind: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
    listener = socket.create_server(bind, family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener
