"""C-ECHO and C-STORE: from a whole message to the command set that answers it."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.conf import settings

from klisza.archive.services import Outcome, Source, Tally, store_instance
from klisza.base.database import drop_stale_connections
from klisza.base.errors import Unavailable
from klisza.standards.dicom.uids import VERIFICATION
from klisza.standards.dul.command import Kind, Request, response
from klisza.standards.dul.errors import Malformed

from . import statuses
from .messages import Message
from .spool import Spool

log = structlog.get_logger(__name__)

COMMENT_LENGTH = 64  # ErrorComment is LO
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
        if request.kind != Kind.C_STORE_RQ or message.dataset is None:
            raise Malformed("neither C-ECHO-RQ nor C-STORE-RQ")
        drop_stale_connections()
        try:
            status, comment = self._status(request, message.dataset, abstract_syntax, transfer_syntax)
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

    def _count(self, outcome: Outcome) -> None:
        self.study_id = outcome.study_id or self.study_id
        if outcome.status in ASIDE:
            self.tally.kept_aside += 1
        elif outcome.status != "refused":
            self.tally.stored += 1
