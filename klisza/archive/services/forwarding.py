"""Images on their way to another archive: what is asked for, what became of each, when it is tried again.

Who speaks to the peer (gateways/dicom/sender.py, stow.py) reports here; nothing here touches a network.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from klisza.archive.models import CommitmentRequest, Forward, ForwardedInstance, Peer
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.base.plain import one_line

TRIES_MOST = 12
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
# An archive that keeps what it took says so within minutes, some only in the night: asked for about a day.
COMMITS_MOST = 7
FIRST_SILENCE, LONGEST_SILENCE = timedelta(minutes=15), timedelta(hours=12)
NOT_THERE = frozenset({"failed", "uncommitted"})
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
def end_try(*, forward: Forward, reason: str = "") -> Forward:
    """This try is over. What is still waiting is tried again later, up to TRIES_MOST times.

    reason: why it ended early.
    """
    row = Forward.objects.select_for_update().get(pk=forward.pk)
    states = set(row.instances.values_list("state", flat=True))
    now = clock.now()
    row.reason = one_line(reason)[:REASON_MOST]
    if "waiting" in states and row.attempts < TRIES_MOST:
        row.next_at = now + pause(row.attempts)
    else:
        if "waiting" in states:
            row.instances.filter(state="waiting").update(
                state="failed", reason=row.reason or "given up", changed_at=now
            )
        row.finished_at = now
        # The commitment may have been answered before this try came to its end.
        row.state = _outcome(states)
        row.commit_at = now + silence(0) if "stored" in states and row.commitments.exists() else None
        outcome = "failed" if row.state == "failed" else "success"
        record("images.forwarded", by=SENDER, objects=[row], outcome=outcome, reason=row.reason)
    row.save()
    return row


def _outcome(states: set[str]) -> str:
    if states & {"waiting", *NOT_THERE}:
        return "failed"
    return "committed" if states == {"committed"} else "sent"


def pause(attempts: int) -> timedelta:
    """Twice as long after every try."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, attempts - 1))


def silence(asked: int) -> timedelta:
    """How long after the request number `asked` (0 = with the images) the peer is asked again."""
    return min(LONGEST_SILENCE, FIRST_SILENCE * 2**asked)


def note_asked(*, forward: Forward, transaction_uid: str) -> None:
    """Written before the peer is asked: its answer may come on another association, and at once."""
    CommitmentRequest.objects.create(forward=forward, transaction_uid=transaction_uid, asked_at=clock.now())


@transaction.atomic
def take_unanswered() -> Forward | None:
    """One whose peer has not said what it keeps, leased to the caller; None when there is nothing to ask."""
    now = clock.now()
    due = Forward.objects.select_for_update().filter(commit_at__lte=now, state__in=["sent", "failed"])
    forward = due.order_by("commit_at").first()
    if forward is None:
        return None
    forward.commit_attempts, forward.commit_at = forward.commit_attempts + 1, now + LEASE
    forward.save(update_fields=["commit_attempts", "commit_at"])
    return forward


@transaction.atomic
def end_asking(*, forward: Forward, reason: str = "") -> Forward:
    """It was asked again. Without an answer it is asked later, COMMITS_MOST times; then staff are told by a list."""
    row = Forward.objects.select_for_update().get(pk=forward.pk)
    if row.state not in ("sent", "failed") or not row.instances.filter(state="stored").exists():
        row.commit_at = None
    elif row.commit_attempts < COMMITS_MOST:
        row.commit_at = clock.now() + silence(row.commit_attempts)
    else:
        row.commit_at = None
        row.state = "unanswered" if row.state == "sent" else row.state
        row.reason = one_line(reason)[:REASON_MOST] or row.reason
        record("images.commitment_unanswered", by=SENDER, objects=[row], outcome="failed", reason=row.reason)
    row.save(update_fields=["commit_at", "state", "reason"])
    return row


@transaction.atomic
def note_commitment(
    *, transaction_uid: str, committed: Iterable[str], failed: Mapping[str, int], peer_name: str
) -> bool:
    """The peer's answer (PS3.4 J.3.3): SOP Instance UIDs it keeps, and those it does not with the reason's code.

    peer_name: who said it; only whom it was sent to is believed. False when no such commitment was asked for.
    """
    found = Forward.objects.select_for_update().filter(
        peer_name=peer_name,
        pk__in=CommitmentRequest.objects.filter(transaction_uid=transaction_uid).values("forward"),
    )
    forward = found.first()
    if forward is None:
        return False
    now, kept = clock.now(), set(committed)
    for row in forward.instances.exclude(state__in=["failed", "waiting"]).select_related("instance"):
        uid = row.instance.sop_instance_uid
        if uid in failed:
            row.state, row.reason = "uncommitted", f"not committed: {failed[uid]:04X}"
        elif uid in kept:
            row.state, row.reason = "committed", ""
        else:
            continue
        row.changed_at = now
        row.save(update_fields=["state", "reason", "changed_at"])
    _settle(forward)
    record("images.committed", by=Actor("machine", client=peer_name), objects=[forward], reason=forward.state)
    return True


def _settle(forward: Forward) -> None:
    """After an answer: what the whole of it is now. While it is still being sent, the end of that try says so."""
    states = set(forward.instances.values_list("state", flat=True))
    if "uncommitted" in states:
        forward.reason = "the peer does not keep all of it"
    if (outcome := _outcome(states)) == "sent":
        outcome = forward.state  # a part of it is still open
    if forward.state != "waiting" or outcome == "committed":
        forward.state = outcome
    if "stored" not in states:
        forward.commit_at = None
    forward.save(update_fields=["state", "reason", "commit_at"])


@transaction.atomic
def send_again(*, forward: Forward, by: Actor) -> None:
    """Staff: what failed is tried anew from the beginning; where nothing failed, the peer is asked what it keeps."""
    row = Forward.objects.select_for_update().get(pk=forward.pk)
    if row.state not in ("failed", "unanswered"):
        return
    now = clock.now()
    lost = row.instances.filter(state__in=NOT_THERE)
    if lost.update(state="waiting", reason="", status=None, changed_at=now):
        row.state, row.attempts, row.next_at, row.finished_at, row.commit_at = "waiting", 0, now, None, None
    else:
        row.state, row.commit_at = "sent", now
    row.commit_attempts, row.reason, row.noted_at = 0, "", None
    row.save()
    record("images.forward_asked", by=by, objects=[row])


@transaction.atomic
def note_forward(*, forward: Forward, by: Actor) -> None:
    """Staff have seen to it elsewhere: off the list, without being sent."""
    changed = Forward.objects.filter(pk=forward.pk, state__in=["failed", "unanswered"], noted_at=None)
    if changed.update(noted_at=clock.now(), commit_at=None):
        record("images.forward_noted", by=by, objects=[forward])


def touch(forward: Forward) -> datetime:
    """It is still being sent: nobody else takes it up."""
    until = clock.now() + LEASE
    Forward.objects.filter(pk=forward.pk, state="waiting").update(next_at=until)
    return until
