"""C-STORE towards a peer (the hospital's PACS): as the images are, or decoded where the peer asks for it.

Each kind of object is offered in its own transfer syntax, in a context of its own, and beside it in the plain ones;
what the peer refuses (the context, or later the object) is decoded in the sandbox and sent as Explicit VR Little
Endian, or as Implicit, which every peer takes. Then it is asked to commit to keep them (PS3.4 J).
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association

from klisza.archive import queries
from klisza.archive import services as archive
from klisza.archive.models import Forward, ForwardedInstance, Peer
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs
from klisza.standards.dicom.uids import (
    EXPLICIT_LE,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    IMPLICIT_LE,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
)

from .commitment import read_report

log = structlog.get_logger(__name__)

# The bytes go from the file to the socket: nothing of a stranger's data set is decoded in this process.
_config.STORE_SEND_CHUNKED_DATASET = True
PLAIN = (EXPLICIT_LE, IMPLICIT_LE)
CONTEXTS_MOST = 120  # of 128; the rest goes in the next association
CONNECT_SECONDS, STEP_SECONDS = 15, 60
ANSWER_SECONDS = 2.0  # some peers report at once, on the same association
SUCCESS, WARNINGS, OUT_OF_RESOURCES = 0x0000, 0xB000, 0xA700
# Not of this object: the same one may be taken a minute later.
FOR_LATER = frozenset({0x0110, 0x0124, 0x0211, 0x0213})


class Ended(Exception):
    """The association is over before everything was answered; the reason is for staff."""


@dataclass(frozen=True)
class Told:
    """What the peer said of one object."""

    status: int | None
    syntax: str = ""
    reason: str = ""

    @property
    def is_stored(self) -> bool:
        return self.status is not None and (self.status == SUCCESS or self.status & 0xF000 == WARNINGS)

    @property
    def is_for_later(self) -> bool:
        return self.status in FOR_LATER or (
            self.status is not None and self.status & 0xFF00 == OUT_OF_RESOURCES
        )


def send(forward: Forward, peer: Peer) -> None:
    """One try: everything that waits. What became of it stands in the rows; raises nothing of the network's."""
    reason = ""
    while rows := queries.to_send(forward):
        try:
            taken = _associate(forward, peer, _first(rows))
        except (Ended, OSError, RuntimeError) as end:
            reason = _why(end)
            break
        if not taken:
            reason = "the peer asks to come back later"
            break
    archive.end_try(forward=forward, reason=reason)


def ask_again(forward: Forward, peer: Peer) -> None:
    """It took the images and has not said whether it keeps them. What became of it stands in the rows."""
    reason, reports = "", list[Dataset]()
    try:
        association = _open(peer, [], reports)
        try:
            reason = _ask_to_commit(association, forward, reports, peer)
        finally:
            if association.is_established:
                association.release()
    except (Ended, OSError, RuntimeError) as end:
        reason = _why(end)
    archive.end_asking(forward=forward, reason=reason)


def _why(end: Exception) -> str:
    return str(end) if isinstance(end, Ended) else f"the peer cannot be reached ({type(end).__name__})"


def _first(rows: list[ForwardedInstance]) -> list[ForwardedInstance]:
    """As many as the contexts of one association are enough for."""
    pairs: set[tuple[str, str]] = set()
    chosen = []
    for row in rows:
        kind, syntax = row.instance.sop_class_uid, row.instance.transfer_syntax_uid
        wanted = pairs | {(kind, one) for one in (syntax, *PLAIN)}
        if len(wanted) > CONTEXTS_MOST:
            break
        pairs = wanted
        chosen.append(row)
    return chosen


def _associate(forward: Forward, peer: Peer, rows: list[ForwardedInstance]) -> bool:
    """Whether any of them was settled. Raises Ended."""
    reports: list[Dataset] = []
    association = _open(peer, rows, reports)
    settled = False
    try:
        for row in rows:
            told = _store(association, row)
            settled |= _note(row, told)
            archive.touch(forward)
        if not queries.to_send(forward):
            _ask_to_commit(association, forward, reports, peer)
        return settled
    finally:
        if association.is_established:
            association.release()


def _open(peer: Peer, rows: Iterable[ForwardedInstance], reports: list[Dataset]) -> Association:
    # The library leaves the socket open when nobody listens.
    socket.create_connection((peer.address, int(peer.port or 0)), CONNECT_SECONDS).close()
    ae = AE(settings.AE_TITLE)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.connection_timeout = ae.acse_timeout = CONNECT_SECONDS
    ae.dimse_timeout = ae.network_timeout = STEP_SECONDS
    for kind, syntax in sorted(_pairs(rows)):
        ae.add_requested_context(kind, syntax)
    ae.add_requested_context(STORAGE_COMMITMENT, list(PLAIN))
    association = ae.associate(
        peer.address, peer.port, ae_title=peer.ae_title,
        evt_handlers=[(evt.EVT_N_EVENT_REPORT, _keep_report, [reports])],
    )  # fmt: skip
    if not association.is_established:
        raise Ended(
            "the peer rejects the association" if association.is_rejected else "the peer cannot be reached"
        )
    return association


def _pairs(rows: Iterable[ForwardedInstance]) -> set[tuple[str, str]]:
    found = set()
    for row in rows:
        kind = row.instance.sop_class_uid
        found |= {(kind, syntax) for syntax in (row.instance.transfer_syntax_uid, *PLAIN)}
    return found


def _keep_report(event: Any, reports: list[Dataset]) -> tuple[int, None]:
    reports.append(event.event_information)
    return SUCCESS, None


def _store(association: Association, row: ForwardedInstance) -> Told:
    """As it is when the peer takes that, else decoded; decoded, too, when it takes the syntax but not the object."""
    instance = row.instance
    own, path = instance.transfer_syntax_uid, blobs.open_path(instance.blob_id)
    accepted = _accepted(association, instance.sop_class_uid)
    told = Told(None)
    if own in accepted:
        told = _send(association, path, own)
        if told.is_stored or told.is_for_later or own in PLAIN:
            return told
    if plain := next((syntax for syntax in PLAIN if syntax in accepted), ""):
        return _send_plain(association, path, plain) or told
    if told.status is not None:
        return told
    return Told(None, "", "the peer does not take this kind of object")


def _accepted(association: Association, kind: str) -> set[str]:
    return {
        str(one.transfer_syntax[0]) for one in association.accepted_contexts if one.abstract_syntax == kind
    }


def _send_plain(association: Association, path: Path, syntax: str) -> Told | None:
    """None: it cannot be decoded."""
    with tempfile.TemporaryDirectory(prefix="klisza-send-") as name:
        folder = Path(name)
        try:
            plain = _plain(path, folder, syntax)
        except SandboxFailed:
            return None
        return _send(association, plain, syntax) if plain else None


def _plain(path: Path, folder: Path, syntax: str) -> Path | None:
    item = {"path": str(path), "name": "explicit.dcm"}
    if not sandbox.call(
        "klisza.standards.dicom.explicit:convert", {"items": [item]},
        folder=folder, cpu_seconds=120, wall_seconds=180, file_mb=4096,
    )[0]:  # fmt: skip
        return None
    if syntax == EXPLICIT_LE:
        return folder / "explicit.dcm"
    item = {"path": "explicit.dcm", "name": "implicit.dcm"}
    made = sandbox.call(
        "klisza.standards.dicom.reconcile:implicit", {"items": [item]},
        folder=folder, cpu_seconds=60, wall_seconds=90, file_mb=4096,
    )[0]  # fmt: skip
    return folder / "implicit.dcm" if made else None


def _send(association: Association, path: Path, syntax: str) -> Told:
    """Raises Ended when the peer went away."""
    try:
        answer = association.send_c_store(path)
    except (ValueError, AttributeError) as fault:
        return Told(None, syntax, f"cannot be sent: {type(fault).__name__}")
    if "Status" not in answer:
        raise Ended("the peer went away or did not answer in time")
    status = int(answer.Status)
    # Its ErrorComment is the peer's own words and may name the patient: only the code is kept.
    return Told(status, syntax, f"status {status:04X}" if status else "")


def _note(row: ForwardedInstance, told: Told) -> bool:
    """False: nothing is settled, it goes again."""
    if told.is_for_later:
        return False
    state = "stored" if told.is_stored else "failed"
    archive.note_instance(
        row=row,
        state=state,
        status=told.status,
        syntax_uid=told.syntax,
        reason="" if told.is_stored else told.reason,
    )
    return True


def _ask_to_commit(association: Association, forward: Forward, reports: list[Dataset], peer: Peer) -> str:
    """Of all that it took and has not answered for; why it could not be asked, or ""."""
    if not any(one.abstract_syntax == STORAGE_COMMITMENT for one in association.accepted_contexts):
        return "the peer offers no storage commitment"
    stored = queries.uncommitted(forward)
    if not stored:
        return ""
    request = Dataset()
    request.TransactionUID = generate_uid(prefix=None)
    request.ReferencedSOPSequence = [_reference(row) for row in stored]
    # Written first: the answer may come on another association before this one has ended.
    archive.note_asked(forward=forward, transaction_uid=str(request.TransactionUID))
    status, _ = association.send_n_action(request, 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
    if "Status" not in status:
        return "the peer went away or did not answer in time"
    if status.Status != SUCCESS:
        return f"the peer does not want to be asked: status {int(status.Status):04X}"
    _wait_for(reports, association)
    for report in reports:
        uid, committed, failed = read_report(report)
        archive.note_commitment(transaction_uid=uid, committed=committed, failed=failed, peer_name=peer.name)
    return "" if reports else "the peer has not answered"


def _wait_for(reports: list[Dataset], association: Association) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not reports and association.is_established and time.monotonic() < deadline:
        time.sleep(0.05)


def _reference(row: ForwardedInstance) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = row.instance.sop_class_uid
    item.ReferencedSOPInstanceUID = row.instance.sop_instance_uid
    return item
