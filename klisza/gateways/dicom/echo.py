"""C-ECHO towards a peer: does it answer, and does it know us? The button of the integration console."""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass

from django.conf import settings
from pynetdicom import AE
from pynetdicom.association import Association

from klisza.archive.models import Peer
from klisza.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    VERIFICATION,
)

SUCCESS = 0x0000


@dataclass(frozen=True)
class EchoResult:
    """reason: "" when ok, else

    no_address (the entry is a network) | no_port | unreachable (nobody listens, or the line is broken) |
    rejected (it does not know our title or its own) | no_verification | no_answer (in time) | failed (a status).
    """

    ok: bool
    milliseconds: int
    reason: str = ""


def echo(peer: Peer, *, timeout: float = 5.0) -> EchoResult:
    """Call the peer's own address and port with our AE title. timeout: seconds for each step of it.

    Raises nothing: whatever goes wrong is an answer.
    """
    network = ipaddress.ip_network(peer.address)
    if network.num_addresses != 1:
        return EchoResult(False, 0, "no_address")
    if not peer.port:
        return EchoResult(False, 0, "no_port")
    began = time.monotonic()
    reason = _ask(str(network.network_address), peer.port, peer.ae_title, timeout)
    return EchoResult(not reason, round((time.monotonic() - began) * 1000), reason)


def _ask(address: str, port: int, title: str, timeout: float) -> str:
    try:
        # The library leaves the socket open when nobody listens, and cannot say so apart from a silent peer.
        socket.create_connection((address, port), timeout).close()
    except OSError:
        return "unreachable"
    ae = AE(settings.AE_TITLE)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = timeout
    ae.add_requested_context(VERIFICATION)
    association = ae.associate(address, port, ae_title=title)
    if not association.is_established:
        return _why(association)
    try:
        answer = association.send_c_echo()
    except (RuntimeError, ValueError):  # the peer went away between its acceptance and our request
        return "no_answer"
    finally:
        association.release()
    if "Status" not in answer:
        return "no_answer"
    return "" if answer.Status == SUCCESS else "failed"


def _why(association: Association) -> str:
    if association.is_rejected:
        return "rejected"
    return "no_verification" if association.acceptor.primitive is not None else "no_answer"
