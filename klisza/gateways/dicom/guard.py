"""pynetdicom's association with the checks it lacks (trust.md P11).

Lengths are judged before reading, each PDU has a deadline, messages are bounded. Everything else, the state
machine of PS3.8 above all, stays the library's.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, DIMSEMessage
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AssociationSocket

from .pdus import A_ASSOCIATE_RQ, ABORT, HEADER_BYTES, KNOWN_TYPES, LONGEST_REQUEST, length_of
from .spool import Spool

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import P_DATA

PDU_SECONDS = (
    30  # for one PDU, at most a quarter of a megabyte: slower than any line, faster than a slow drip
)
PDU_SLACK = 64  # some senders count the six bytes of the header into the negotiated maximum
LONGEST_COMMAND = 65_536
AWAITING_REQUEST = "Sta2"


class GuardedSocket(AssociationSocket):
    """Reads with a deadline; begins with what the porch has read already."""

    def __init__(self, assoc: Association, connection: socket.socket, received: bytes) -> None:
        super().__init__(assoc, client_socket=connection)
        self.received = received
        connection.settimeout(settings.ASSOCIATION_IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def ready(self) -> bool:
        return bool(self.received) or bool(super().ready)

    def read(self, size: int, deadline: float) -> bytes:
        """Exactly `size` bytes, which the caller has judged. Raises OSError."""
        buffer = bytearray(size)
        view, filled = memoryview(buffer), min(size, len(self.received))
        view[:filled], self.received = self.received[:filled], self.received[filled:]
        while filled < size:
            filled += self._read_some(view[filled:], deadline)
        return bytes(buffer)

    def _read_some(self, view: memoryview, deadline: float) -> int:
        connection = self.socket
        if connection is None:
            raise ConnectionError("closed")
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        count = connection.recv_into(view)
        # Or the kernel delays its acknowledgement while a sender with Nagle waits: 15 ms an instance.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not count or time.monotonic() > deadline:
            raise ConnectionError("ended or too slow")
        return count


class GuardedProvider(DULServiceProvider):
    """Judges each announced length before a byte of the body is read or room is made for it."""

    def __init__(self, assoc: Association) -> None:
        super().__init__(assoc)
        self.daemon = True

    def _read_pdu_data(self) -> None:
        deadline = time.monotonic() + PDU_SECONDS
        try:
            header = self.socket.read(HEADER_BYTES, deadline)
            if header[0] not in KNOWN_TYPES or length_of(header) > self._limit(header[0]):
                self._cut_off()
                return
            body = self.socket.read(length_of(header), deadline)
        except OSError:
            self.socket.close()  # puts "transport connection closed" on the queue
            return
        self._take(bytearray(header + body))

    def _take(self, pdu: bytearray) -> None:
        try:
            decoded, event = self._decode_pdu(pdu)
        except Exception:  # noqa: BLE001 - whatever a hostile PDU makes the decoder raise, the answer is an abort
            self.event_queue.put("Evt19")
            return
        self.event_queue.put(event)
        self._recv_pdu.put(decoded)

    def _limit(self, kind: int) -> int:
        if kind == A_ASSOCIATE_RQ and self.state_machine.current_state == AWAITING_REQUEST:
            return LONGEST_REQUEST
        return int(settings.MAX_PDU) + PDU_SLACK

    def _cut_off(self) -> None:
        with suppress(OSError, AttributeError):
            self.socket.socket.send(ABORT)
        self.socket.close()


class GuardedMessages(DIMSEServiceProvider):
    """C-ECHO and C-STORE requests, one at a time; a data set goes to a spool instead of unbounded memory."""

    message: Any

    def receive_primitive(self, primitive: P_DATA) -> None:
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = Spool(settings.MAX_INSTANCE_MB * 1024 * 1024)
        try:
            whole = self.message.decode_msg(primitive, self.assoc)
            request = self._request(self.message) if whole else None
        except Exception:  # noqa: BLE001 - see GuardedProvider._take
            self._give_up()
            return
        if request is not None:
            self.msg_queue.put((self.message.context_id, request))
            self.message = None
        if self._is_excessive():
            self._give_up()

    def _request(self, message: Any) -> Any:
        if not isinstance(message, C_ECHO_RQ | C_STORE_RQ):
            raise TypeError("neither C-ECHO-RQ nor C-STORE-RQ")
        return message.message_to_primitive()

    def _is_excessive(self) -> bool:
        """No asynchronous window is negotiated, so a second request before our answer is a violation."""
        command = self.message.encoded_command_set.tell() if self.message else 0
        return self.msg_queue.qsize() > 1 or command > LONGEST_COMMAND

    def _give_up(self) -> None:
        self.message = None
        self.dul.event_queue.put("Evt19")
