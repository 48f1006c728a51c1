"""Reading what machines sent."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.gateways.models import ApplierLease, Hl7Peer, InboundMessage, WorkItem
from klisza.patients.models import PatientIdentifier

State = InboundMessage.State
KEYS_AT_ONCE = 200
STALLED_SECONDS = 60  # messages that wait longer while nobody applies them: something is wrong


def senders() -> list[Hl7Peer]:
    return list(Hl7Peer.objects.order_by("name"))


def senders_at(address: str, *, certificate_name: str, is_tls: bool) -> list[Hl7Peer]:
    """Who may speak from here, the narrowest network first.

    A sender that is to show a certificate may come by TLS only, and with that name (R05).
    """
    caller = _address(address)
    matching = [
        (network.prefixlen, peer)
        for peer in senders()
        if caller in (network := ipaddress.ip_network(peer.address))
        and (not peer.certificate_name or (is_tls and peer.certificate_name == certificate_name))
    ]
    return [peer for _, peer in sorted(matching, key=lambda pair: -pair[0])]


def raw_of(message: InboundMessage) -> bytes:
    """The content of the frame, byte for byte. Raises Unavailable, NotFound."""
    return blobs.read(message.blob_id) if message.blob_id else bytes(message.raw)


def waiting(*, besides: Iterable[int] = ()) -> QuerySet[InboundMessage]:
    """In order of arrival, without their bytes."""
    rows = InboundMessage.objects.filter(state=State.WAITING).exclude(pk__in=list(besides))
    return rows.order_by("id").defer("raw")


def held(keys: Iterable[str]) -> list[int]:
    """Messages that wait for a patient of one of these keys ("issuer|value"), in order of arrival."""
    rows = InboundMessage.objects.filter(state=State.HELD, patient_key__in=list(keys))
    return list(rows.order_by("id").values_list("id", flat=True))


def earlier(*, application: str, facility: str, control_id: str) -> list[InboundMessage]:
    """What came under this key before (2.3), newest first, without repetitions and without bytes."""
    if not control_id:
        return []
    rows = InboundMessage.objects.filter(
        sending_application=application, sending_facility=facility, control_id=control_id
    )
    return list(rows.exclude(state=State.REPEATED).order_by("-id").defer("raw")[:20])


def open_work() -> QuerySet[WorkItem]:
    return WorkItem.objects.filter(done_at=None)


def lengths() -> dict[str, int]:
    """Of the queues that staff and metrics look at."""
    states = {"hl7_waiting": State.WAITING, "hl7_held": State.HELD, "hl7_failed": State.FAILED}
    lengths = {name: InboundMessage.objects.filter(state=state).count() for name, state in states.items()}
    return lengths | {"hl7_work": open_work().count()}


def is_stalled() -> bool:
    """Messages wait and no process applies them."""
    limit = clock.now() - timedelta(seconds=STALLED_SECONDS)
    if not waiting().filter(received_at__lt=limit).exists():
        return False
    return not ApplierLease.objects.filter(until__gt=clock.now()).exists()


def keys_of(patient_ids: Iterable[uuid.UUID]) -> set[str]:
    """What `InboundMessage.patient_key` may say of these people."""
    rows = PatientIdentifier.objects.filter(patient_id__in=list(patient_ids))
    return {f"{issuer}|{value}"[:260] for issuer, value in rows.values_list("issuer", "value")}


def held_keys(most: int) -> list[str]:
    """For whom messages wait because nobody knows them, longest first."""
    rows = InboundMessage.objects.filter(
        state=State.HELD, work_items__kind="unknown_patient", work_items__done_at=None
    ).order_by("finished_at")
    return list(dict.fromkeys(rows.values_list("patient_key", flat=True)[:most]))


def known_keys(keys: Iterable[str]) -> list[str]:
    """Those among them that stand on some record."""
    wanted, found = list(keys), set[str]()
    for begin in range(0, len(wanted), KEYS_AT_ONCE):
        pairs = [key.partition("|") for key in wanted[begin : begin + KEYS_AT_ONCE]]
        rows = PatientIdentifier.objects.filter(
            reduce(or_, (Q(issuer=issuer, value=value) for issuer, _, value in pairs))
        )
        found |= {f"{issuer}|{value}" for issuer, value in rows.values_list("issuer", "value")}
    return [key for key in wanted if key in found]


def held_since(moment: datetime) -> list[int]:
    """Messages that were last tried before this moment."""
    rows = InboundMessage.objects.filter(state=State.HELD, finished_at__lt=moment)
    return list(rows.order_by("finished_at").values_list("id", flat=True)[:200])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_listed(address: str) -> bool:
    """Whether anybody on the list has this address, whatever else he has to show."""
    caller = _address(address)
    return any(caller in ipaddress.ip_network(peer.address) for peer in senders())
