"""Images on their way to another archive: what is asked for, what became of each, when it is tried again.

Who speaks to the peer (gateways/dicom/sender.py, stow.py) reports here; nothing here touches a network.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from klisza.archive.models import Forward, ForwardedInstance, Peer
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.base.plain import one_line

TRIES_MOST = 12
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
LEASE = timedelta(minutes=30)  # of a try; a worker that dies leaves it to the next one
SENDER = Actor("system", client="forward")
REASON_MOST = 200


@transaction.atomic
def ask_forward(
    *, instance_ids: Iterable[uuid.UUID], peer: Peer, by: Actor, subject: uuid.UUID | None = None
) -> Forward:
    """Send these instances to the peer, by the worker. Raises Refused when the peer takes none."""
    if not is_receiver(peer):
        raise Refused("this peer has no port and no DICOMweb address to send to")
    now = clock.now()
    forward = Forward.objects.create(peer_name=peer.name, subject=subject, next_at=now, asked_at=now)
    ForwardedInstance.objects.bulk_create(
        ForwardedInstance(forward=forward, instance_id=one, changed_at=now)
        for one in dict.fromkeys(instance_ids)
    )
    record("images.forward_asked", by=by, objects=[forward, peer])
    return forward


def is_receiver(peer: Peer) -> bool:
    """One machine with a port, or an address of its DICOMweb service."""
    return bool(peer.stow_url or (peer.port and "/" not in peer.address))


def take_due() -> Forward | None:
    """The forward that waits longest, leased to the caller; None when nothing is due."""
    with transaction.atomic():
        now = clock.now()
        due = (
            Forward.objects.select_for_update().filter(state="waiting", next_at__lte=now).order_by("next_at")
        )
        forward = due.first()
        if forward is None:
            return None
        forward.attempts, forward.next_at = forward.attempts + 1, now + LEASE
        forward.save(update_fields=["attempts", "next_at"])
        return forward


def note_instance(
    *, row: ForwardedInstance, state: str, status: int | None, syntax_uid: str = "", reason: str = ""
) -> None:
    """state: stored | failed. Written after each answer: what the peer has is not sent a second time."""
    ForwardedInstance.objects.filter(pk=row.pk).update(
        state=state,
        status=status,
        syntax_uid=syntax_uid,
        reason=one_line(reason)[:REASON_MOST],
        changed_at=clock.now(),
    )


@transaction.atomic
def end_try(*, forward: Forward, reason: str = "", transaction_uid: str = "") -> Forward:
    """This try is over. What is still waiting is tried again later, up to TRIES_MOST times.

    reason: why it ended early. transaction_uid: of the commitment that is about to be asked for.
    """
    row = Forward.objects.select_for_update().get(pk=forward.pk)
    states = set(row.instances.values_list("state", flat=True))
    now = clock.now()
    row.reason = one_line(reason)[:REASON_MOST]
    row.transaction_uid = transaction_uid or row.transaction_uid
    if "waiting" in states and row.attempts < TRIES_MOST:
        row.next_at = now + pause(row.attempts)
    else:
        if "waiting" in states:
            row.instances.filter(state="waiting").update(
                state="failed", reason=row.reason or "given up", changed_at=now
            )
        row.finished_at = now
        # The commitment may have been answered before this try came to its end.
        row.state = (
            "failed" if states & {"waiting", "failed"} else "committed" if states == {"committed"} else "sent"
        )
        record(
            "images.forwarded",
            by=SENDER,
            objects=[row],
            outcome="success" if row.state == "sent" else "failed",
            reason=row.reason,
        )
    row.save()
    return row


def pause(attempts: int) -> timedelta:
    """Twice as long after every try."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, attempts - 1))


@transaction.atomic
def note_commitment(
    *, transaction_uid: str, committed: Iterable[str], failed: Mapping[str, int], peer_name: str
) -> bool:
    """The peer's answer (PS3.4 J.3.3): SOP Instance UIDs it keeps, and those it does not with the reason's code.

    peer_name: who said it; only whom it was sent to is believed. False when no such commitment was asked for.
    """
    found = (
        Forward.objects.select_for_update()
        .filter(transaction_uid=transaction_uid)
        .exclude(transaction_uid="")
    )
    forward = found.filter(peer_name=peer_name).first()
    if forward is None:
        return False
    now, kept = clock.now(), set(committed)
    for row in forward.instances.exclude(state="failed").select_related("instance"):
        uid = row.instance.sop_instance_uid
        if uid in failed:
            row.state, row.reason = "failed", f"not committed: {failed[uid]:04X}"
        elif uid in kept:
            row.state, row.reason = "committed", ""
        else:
            continue
        row.changed_at = now
        row.save(update_fields=["state", "reason", "changed_at"])
    states = set(forward.instances.values_list("state", flat=True))
    if "failed" in states:
        forward.state, forward.reason = "failed", "the peer does not keep all of it"
    elif states == {"committed"}:
        forward.state = "committed"
    forward.save(update_fields=["state", "reason"])
    record("images.committed", by=Actor("machine", client=peer_name), objects=[forward], reason=forward.state)
    return True


@transaction.atomic
def send_again(*, forward: Forward, by: Actor) -> None:
    """Staff: what failed is tried anew from the beginning."""
    row = Forward.objects.select_for_update().get(pk=forward.pk)
    row.instances.filter(state="failed").update(
        state="waiting", reason="", status=None, changed_at=clock.now()
    )
    row.state, row.attempts, row.next_at, row.finished_at = "waiting", 0, clock.now(), None
    row.save()
    record("images.forward_asked", by=by, objects=[row])


def touch(forward: Forward) -> datetime:
    """It is still being sent: nobody else takes it up."""
    until = clock.now() + LEASE
    Forward.objects.filter(pk=forward.pk, state="waiting").update(next_at=until)
    return until
