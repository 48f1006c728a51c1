"""One association of an admitted caller: C-ECHO and C-STORE."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.transport import AddressInformation

from klisza.archive.services import Outcome, Source, Tally, note_association, store_instance
from klisza.base import clock
from klisza.base.database import drop_stale_connections
from klisza.base.errors import Unavailable
from klisza.standards.dicom.uids import VERIFICATION

from . import statuses
from .contexts import contexts_for
from .guard import GuardedMessages, GuardedProvider, GuardedSocket

log = structlog.get_logger(__name__)

COMMENT_LENGTH = 64  # ErrorComment is LO
ASIDE = ("conflict", "quarantined")  # taken over, for staff to look at


class AdmittedAssociation(Association):
    """The library's thread of an acceptor, from the complete A-ASSOCIATE-RQ that the porch received."""

    def __init__(
        self,
        ae: AE,
        connection: socket.socket,
        address: str,
        request: bytes,
        *,
        source: Source,
        ended: Callable[[AdmittedAssociation], None],
    ) -> None:
        super().__init__(ae, "acceptor")
        self.source = source
        self.ended = ended
        self.address = address
        self.tally = Tally(clock.now())
        self.study_id: UUID | None = None  # of its newest instance: not complete as long as we are connected
        self.connection = connection
        self.dul = GuardedProvider(self)
        self.dimse = GuardedMessages(self)
        self.acse_timeout, self.network_timeout = (
            ae.acse_timeout,
            ae.network_timeout,
        )  # they set timers of the provider
        self.set_socket(GuardedSocket(self, connection, request))
        self.acceptor.maximum_length = ae.maximum_pdu_size
        self.acceptor.ae_title = ae.ae_title
        self.acceptor.address_info = AddressInformation.from_tuple(connection.getsockname())
        self.acceptor.implementation_class_uid = ae.implementation_class_uid
        self.acceptor.implementation_version_name = ae.implementation_version_name
        self.requestor.address_info = AddressInformation.from_tuple((address, connection.getpeername()[1]))
        self.bind(evt.EVT_REQUESTED, self._offer)

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            self.dul.kill_dul()
            self.connection.close()
            self.ended(self)
            self._note()
            connections.close_all()

    def _note(self) -> None:
        """Its end, for staff; nobody waits for this any more, and no fault of it reaches a sender."""
        outcome = "released" if self.is_released else "rejected" if self.is_rejected else "aborted"
        self.tally.calling_ae_title = str(self.requestor.ae_title)
        try:
            drop_stale_connections()
            note_association(self.tally, peer_name=self.source.name, address=self.address, outcome=outcome)
        except Exception as fault:  # noqa: BLE001
            log.error("dicom_fault", source=self.source.name, kind=type(fault).__name__)

    def _offer(self, event: evt.Event) -> None:
        """Called with the request decoded and not yet answered."""
        proposed = self.requestor.primitive.presentation_context_definition_list
        self.acceptor.supported_contexts = contexts_for(str(context.abstract_syntax) for context in proposed)

    def _serve_request(self, msg: Any, context_id: int) -> None:
        """Instead of the library's table of services, which knows no private SOP class."""
        context = self._accepted_cx.get(context_id)
        if context is None or not msg.is_valid_request:
            self.abort()
        elif isinstance(msg, C_ECHO):
            self.tally.echoes += 1
            self._answer(msg, C_ECHO(), context_id, statuses.SUCCESS)
        else:
            self._store(msg, context, context_id)

    def _store(self, request: C_STORE, context: Any, context_id: int) -> None:
        drop_stale_connections()
        status, comment = self._status(request, context)
        request.DataSet.close()
        drop_stale_connections()
        response = C_STORE()
        response.AffectedSOPInstanceUID = request.AffectedSOPInstanceUID
        if status != statuses.SUCCESS:
            self.tally.refused += 1
            self.tally.reason = comment
            response.ErrorComment = comment[:COMMENT_LENGTH]
            log.warning("dicom_refused", source=self.source.name, status=f"{status:04X}", reason=comment)
        self._answer(request, response, context_id, status)

    def _status(self, request: C_STORE, context: Any) -> tuple[int, str]:
        """The door: every fault becomes a status, none ends the association."""
        sop_class_uid = str(request.AffectedSOPClassUID)
        if sop_class_uid != context.abstract_syntax or sop_class_uid == VERIFICATION:
            return statuses.SOP_CLASS_NOT_SUPPORTED, "not the SOP class of the presentation context"
        if request.DataSet.too_large:
            return statuses.CANNOT_UNDERSTAND, f"larger than {settings.MAX_INSTANCE_MB} MB"
        try:
            with request.DataSet.view() as dataset:
                outcome = store_instance(
                    dataset=dataset,
                    transfer_syntax_uid=str(context.transfer_syntax[0]),
                    sop_class_uid=sop_class_uid,
                    sop_instance_uid=str(request.AffectedSOPInstanceUID),
                    source=self.source,
                )
        except Unavailable as fault:
            return statuses.OUT_OF_RESOURCES, f"try again later ({fault})"
        except Exception as fault:  # noqa: BLE001 - the sender must get an answer; the log names the kind only
            log.error("dicom_fault", source=self.source.name, kind=type(fault).__name__)
            return statuses.PROCESSING_FAILURE, "internal fault"
        self._count(outcome)
        return statuses.status_of(outcome), outcome.reason

    def _count(self, outcome: Outcome) -> None:
        self.study_id = outcome.study_id or self.study_id
        if outcome.status in ASIDE:
            self.tally.kept_aside += 1
        elif outcome.status != "refused":
            self.tally.stored += 1

    def _answer(self, request: Any, response: Any, context_id: int, status: int) -> None:
        response.MessageIDBeingRespondedTo = request.MessageID
        response.AffectedSOPClassUID = request.AffectedSOPClassUID
        response.Status = status
        self.dimse.send_msg(response, context_id)
