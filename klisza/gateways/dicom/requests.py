"""C-ECHO, C-STORE and reports of commitments: from a whole message to the command set that answers it."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

import structlog
from django.conf import settings
from pynetdicom.dsutils import decode

from klisza.archive.services import Outcome, Source, Tally, note_commitment, store_instance
from klisza.base.database import drop_stale_connections
from klisza.base.errors import Unavailable
from klisza.standards.dicom.uids import IMPLICIT_LE, STORAGE_COMMITMENT, VERIFICATION
from klisza.standards.dul.command import Kind, Request, response
from klisza.standards.dul.errors import Malformed

from . import statuses
from .commitment import read_report
from .messages import Message
from .spool import Spool

log = structlog.get_logger(__name__)

COMMENT_LENGTH = 64  # ErrorComment is LO
REPORT_MOST = 8 * 1024 * 1024  # bytes; some 60,000 instances
ASIDE = ("conflict", "quarantined")  # taken over, for staff to look at


class Desk:
    def __init__(self, source: Source, tally: Tally) -> None:
        self.source, self.tally = source, tally
        self.study_id: UUID | None = None  # of the newest instance

    def answer(self, message: Message, abstract_syntax: str, transfer_syntax: str) -> bytes:
        """Raises Malformed: no request of a service we offer, or without what it must carry."""
        request = message.request
        if request.kind == Kind.C_ECHO_RQ and message.dataset is None:
            self.tally.echoes += 1
            return response(request, status=statuses.SUCCESS)
        if message.dataset is None or request.kind not in (Kind.C_STORE_RQ, Kind.N_EVENT_REPORT_RQ):
            raise Malformed("neither C-ECHO-RQ nor C-STORE-RQ")
        drop_stale_connections()
        answer = self._status if request.kind == Kind.C_STORE_RQ else self._take_report
        try:
            status, comment = answer(request, message.dataset, abstract_syntax, transfer_syntax)
        finally:
            message.dataset.close()
            drop_stale_connections()
        if status == statuses.SUCCESS:
            return response(request, status=status)
        self.tally.refused += 1
        self.tally.reason = comment
        log.warning("dicom_refused", source=self.source.name, status=f"{status:04X}", reason=comment)
        return response(request, status=status, comment=comment[:COMMENT_LENGTH])

    def _status(
        self, request: Request, data: Spool, abstract_syntax: str, transfer_syntax: str
    ) -> tuple[int, str]:
        """The door: every fault becomes a status, none ends the association."""
        if request.sop_class_uid != abstract_syntax or request.sop_class_uid == VERIFICATION:
            return statuses.SOP_CLASS_NOT_SUPPORTED, "not the SOP class of the presentation context"
        if data.too_large:
            return statuses.CANNOT_UNDERSTAND, f"larger than {settings.MAX_INSTANCE_MB} MB"
        try:
            with data.view() as dataset:
                outcome = store_instance(
                    dataset=dataset,
                    transfer_syntax_uid=transfer_syntax,
                    sop_class_uid=request.sop_class_uid,
                    sop_instance_uid=request.sop_instance_uid,
                    source=self.source,
                )
        except Unavailable as fault:
            return statuses.OUT_OF_RESOURCES, f"try again later ({fault})"
        except Exception as fault:  # noqa: BLE001 - the sender must get an answer; the log names the kind only
            log.error("dicom_fault", source=self.source.name, kind=type(fault).__name__)
            return statuses.PROCESSING_FAILURE, "internal fault"
        self._count(outcome)
        return statuses.status_of(outcome), outcome.reason

    def _take_report(
        self, request: Request, data: Spool, abstract_syntax: str, transfer_syntax: str
    ) -> tuple[int, str]:
        """What a peer says it will keep of what we sent; believed of whom it was sent to only."""
        if abstract_syntax != STORAGE_COMMITMENT or data.too_large or data.size > REPORT_MOST:
            return statuses.SOP_CLASS_NOT_SUPPORTED, "not a report of a storage commitment"
        try:
            with data.view() as view:
                report = decode(BytesIO(view), transfer_syntax == IMPLICIT_LE, True)
            uid, committed, failed = read_report(report)
        except Exception as fault:  # noqa: BLE001 - a stranger's bytes: the sender gets an answer
            log.error("dicom_fault", source=self.source.name, kind=type(fault).__name__)
            return statuses.CANNOT_UNDERSTAND, "the report cannot be read"
        known = note_commitment(
            transaction_uid=uid, committed=committed, failed=failed, peer_name=self.source.name
        )
        return (
            (statuses.SUCCESS, "")
            if known
            else (statuses.NO_SUCH_INSTANCE, "nobody asked for this commitment")
        )

    def _count(self, outcome: Outcome) -> None:
        self.study_id = outcome.study_id or self.study_id
        if outcome.status in ASIDE:
            self.tally.kept_aside += 1
        elif outcome.status != "refused":
            self.tally.stored += 1
