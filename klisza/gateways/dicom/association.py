"""One association of an admitted caller, on a thread of its own: what the state machine asks for is done here."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections

from klisza.archive.services import Source, Tally, note_association
from klisza.base import clock
from klisza.base.database import drop_stale_connections
from klisza.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    STORAGE_COMMITMENT,
)
from klisza.standards.dul import pdus
from klisza.standards.dul.errors import Malformed
from klisza.standards.dul.machine import NEXT, TABLE, Action, Event, State
from klisza.standards.dul.pdus import APPLICATION_CONTEXT, AssociateRequest, Decision, Kind, Verdict

from .contexts import decide
from .messages import Assembler, Message
from .rejections import UNKNOWN_CONTEXT, UNKNOWN_VERSION, Rejection
from .requests import Desk
from .wire import Wire

log = structlog.get_logger(__name__)

ARTIM_SECONDS = 5  # that long the other side may take to close after our last word
PDU_SLACK = 64  # some senders count the six bytes of the header into the negotiated maximum
EVENTS = {
    Kind.A_ASSOCIATE_RQ: Event.ASSOCIATE_RQ,
    Kind.A_ASSOCIATE_AC: Event.ASSOCIATE_AC,
    Kind.A_ASSOCIATE_RJ: Event.ASSOCIATE_RJ,
    Kind.P_DATA_TF: Event.P_DATA,
    Kind.A_RELEASE_RQ: Event.RELEASE_RQ,
    Kind.A_RELEASE_RP: Event.RELEASE_RP,
    Kind.A_ABORT: Event.ABORTED,
}


class Association(threading.Thread):
    """From the complete A-ASSOCIATE-RQ that the porch received until the connection is closed."""

    def __init__(
        self,
        connection: socket.socket,
        address: str,
        request: bytes,
        *,
        source: Source,
        ended: Callable[[Association], None],
    ) -> None:
        super().__init__(name="dicom-association", daemon=True)
        self.connection, self.address, self.raw = connection, address, request
        self.request: AssociateRequest
        self.source, self.ended = source, ended
        self.tally = Tally(clock.now())
        self.tally.calling_ae_title = pdus.titles(request)[1]
        self.outcome = "aborted"
        self.state = State.AWAITING_REQUEST
        self.wire = Wire(connection, longest=settings.MAX_PDU + PDU_SLACK)
        self.messages = Assembler(limit=settings.MAX_INSTANCE_MB * 1024 * 1024)
        self.desk = Desk(source, self.tally)
        self.decisions: dict[int, Decision] = {}
        self.abstract_syntaxes: dict[int, str] = {}
        self.body = memoryview(b"")
        self.answer = b""
        self.asked_to_end = threading.Event()

    @property
    def study_id(self) -> UUID | None:
        """Of its newest instance: that study is not complete as long as we are connected."""
        return self.desk.study_id

    def abort(self) -> None:
        """From another thread: what is being answered is answered, then it ends."""
        self.asked_to_end.set()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def run(self) -> None:
        try:
            self._begin()
            while self.state is not State.IDLE:
                self._on(self._next())
        except Exception as fault:  # noqa: BLE001 - no caller's fault may cost more than its association
            log.error("dicom_fault", source=self.source.name, kind=type(fault).__name__)
        finally:
            self.messages.close()
            self.connection.close()
            self.ended(self)
            self._note()
            connections.close_all()

    def _begin(self) -> None:
        try:
            self.request = pdus.read_request(self.raw)
        except Malformed as fault:
            self.tally.reason = str(fault)
            self._on(Event.INVALID)
        else:
            self._on(Event.ASSOCIATE_RQ)

    def _on(self, event: Event) -> None:
        action = TABLE[event, self.state]
        self.state = NEXT[action]
        if action is Action.PROVIDER_ABORT:
            reason = pdus.INVALID_VALUE if event is Event.INVALID else pdus.UNEXPECTED_PDU
            self._send(pdus.abort(pdus.SERVICE_PROVIDER, reason))
        elif act := ACTIONS.get(action):
            act(self)

    def _next(self) -> Event:
        """What happens next on the line."""
        if self.state is State.AWAITING_CLOSE:
            return Event.CLOSED if self.wire.drain(ARTIM_SECONDS) else Event.TIMED_OUT
        try:
            header = self.wire.header(patience=settings.ASSOCIATION_IDLE_SECONDS)
            kind, length = header[0], pdus.length_of(header)
            if kind not in EVENTS or length > settings.MAX_PDU + PDU_SLACK:
                return Event.INVALID
            self.body = self.wire.body(length)
        except TimeoutError:
            return Event.ABORT
        except OSError:
            return Event.ABORT if self.asked_to_end.is_set() else Event.CLOSED
        return EVENTS[Kind(kind)]

    def _send(self, data: bytes) -> None:
        with suppress(OSError):  # gone: the next read says so
            self.wire.send(data)

    def _look_at_request(self) -> None:
        request = self.request
        if not request.is_known_version:
            self._reject(UNKNOWN_VERSION)
        elif request.application_context != APPLICATION_CONTEXT:
            self._reject(UNKNOWN_CONTEXT)
        else:
            decisions = [decide(proposal, request.roles) for proposal in request.proposals]
            self.decisions = {one.id: one for one in decisions if one.verdict is Verdict.ACCEPTED}
            self.abstract_syntaxes = {one.id: one.abstract_syntax for one in request.proposals}
            self.answer = pdus.accept(
                request,
                decisions,
                maximum_length=settings.MAX_PDU,
                implementation_class_uid=IMPLEMENTATION_CLASS_UID,
                implementation_version_name=IMPLEMENTATION_VERSION_NAME,
                reported=frozenset({STORAGE_COMMITMENT}),
            )
            self._on(Event.ACCEPT)

    def _reject(self, rejection: Rejection) -> None:
        self.answer = rejection.pdu()
        self.outcome, self.tally.reason = "rejected", rejection.sentence
        self._on(Event.REJECT)

    def _take_data(self) -> None:
        """All values of a PDU are looked at before the first of them counts."""
        try:
            fragments = list(pdus.fragments(self.body))
        except Malformed as fault:
            self.tally.reason = str(fault)
            self._on(Event.INVALID)
            return
        try:
            for fragment in fragments:
                if fragment.context_id not in self.decisions:
                    raise Malformed("data in a presentation context that was not accepted")
                if message := self.messages.take(fragment):
                    self._serve(message)
        except Malformed as fault:  # of the protocol above the PDUs: the service user ends it
            self.tally.reason = str(fault)
            self._on(Event.ABORT)

    def _serve(self, message: Message) -> None:
        """Raises Malformed for what is neither C-ECHO nor C-STORE nor a report of a commitment."""
        decision = self.decisions[message.context_id]
        command = self.desk.answer(
            message, self.abstract_syntaxes[message.context_id], decision.transfer_syntax
        )
        self.answer = pdus.command_pdus(
            message.context_id, command, maximum_length=self.request.maximum_length
        )
        self._on(Event.SEND_DATA)

    def _take_release(self) -> None:
        self.outcome = "released"
        self._on(Event.RELEASE)

    def _send_answer(self) -> None:
        self._send(self.answer)

    def _note(self) -> None:
        """Its end, for staff; nobody waits for this any more, and no fault of it reaches a sender."""
        try:
            drop_stale_connections()
            note_association(
                self.tally, peer_name=self.source.name, address=self.address, outcome=self.outcome
            )
        except Exception as fault:  # noqa: BLE001
            log.error("dicom_fault", source=self.source.name, kind=type(fault).__name__)


# The actions that do more than move to the next state; the connection is closed when the thread ends.
ACTIONS: dict[Action, Callable[[Association], None]] = {
    Action.LOOK_AT_REQUEST: Association._look_at_request,
    Action.SEND_ACCEPT: Association._send_answer,
    Action.SEND_REJECT: Association._send_answer,
    Action.SEND_DATA: Association._send_answer,
    Action.TAKE_DATA: Association._take_data,
    Action.TAKE_RELEASE: Association._take_release,
    Action.SEND_RELEASE: lambda self: self._send(pdus.release_response()),
    Action.SEND_ABORT: lambda self: self._send(pdus.abort(pdus.SERVICE_USER)),
}
