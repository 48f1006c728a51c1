"""One accepted socket, from the first look at its address to its end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress

import structlog
from django.db import DatabaseError

from klisza.gateways import queries, services
from klisza.gateways.hl7v2 import tls
from klisza.gateways.hl7v2.answers import Desk
from klisza.gateways.hl7v2.aside import Aside, on_database
from klisza.gateways.hl7v2.caller import Caller, is_open_to
from klisza.gateways.hl7v2.connection import Connection
from klisza.gateways.hl7v2.wire import Line

log = structlog.get_logger(__name__)

HANDSHAKE_SECONDS = 10
STRANGER = "address is not on the list"


class Visit:
    """certificates: what the TLS port shows and asks for; None on the plain one."""

    def __init__(self, plain: socket.socket, address: str, certificates: ssl.SSLContext | None) -> None:
        self.plain, self.address, self.certificates = plain, address, certificates
        self.line: Line | None = None
        self.caller: Caller | None = None
        self.connection: Connection | None = None
        self.is_closing = False

    @property
    def has_spoken(self) -> bool:
        return self.connection is not None and self.connection.messages > 0

    def stop(self) -> None:
        self.is_closing = True
        if self.connection is not None:
            self.connection.stop()

    async def attend(self, desk: Desk, aside: Aside) -> None:
        """Nothing is read from who is not on the list (R05)."""
        cause = ""
        try:
            cause = await self._talk(desk, aside)
        except ssl.SSLError as fault:
            cause = f"TLS: {fault.reason or type(fault).__name__}"[:200]
        except OSError:
            pass  # gone before it said anything
        except Exception as fault:  # noqa: BLE001 - no caller's fault may cost more than its connection
            log.error("hl7_connection_fault", error=type(fault).__name__)
        finally:
            self._close()
        if cause:
            log.warning("hl7_caller_refused", address=self.address, reason=cause)
            await on_database(aside.notes, self._note, cause)

    async def _talk(self, desk: Desk, aside: Aside) -> str:
        if not await self._identify(aside) or self.line is None or self.caller is None:
            return STRANGER
        if self.is_closing:
            return ""
        self.connection = Connection(self.line, self.caller, desk, aside)
        return await self.connection.run()

    async def _identify(self, aside: Aside) -> bool:
        """First the address, then the certificate; False for a stranger."""
        is_open = is_open_to(self.address)
        if not is_open and not await on_database(aside.list, queries.is_listed, self.address):
            return False
        self.line = Line(self.plain, is_tls=self.certificates is not None)
        transport = await self._connect(self.line)
        name = tls.common_name(transport.get_extra_info("peercert"))
        self.caller = Caller(self.address, name, self.certificates is not None, is_open)
        await on_database(aside.list, self.caller.look)
        return self.caller.may_stay

    async def _connect(self, line: Line) -> asyncio.BaseTransport:
        seconds = HANDSHAKE_SECONDS if self.certificates else None
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: line, self.plain, ssl=self.certificates, ssl_handshake_timeout=seconds
        )
        return transport

    def _close(self) -> None:
        if self.line is None:
            self.plain.close()
        else:
            self.line.close()

    def _note(self, cause: str) -> None:
        name = self.caller.only_name if self.caller else ""
        with suppress(DatabaseError):
            services.record_refusal(address=self.address, reason=cause, peer_name=name)
