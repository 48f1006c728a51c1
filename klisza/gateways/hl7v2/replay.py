"""Rebuilds everything that messages made from the raw inbox, person by person, while the portal runs.

Each cluster of messages is one transaction: readers see a person's rows before or after, never half, and a replay
that is killed leaves some people rebuilt and the others as they were; run it again. The applier steps back
meanwhile (lease), so that no message is applied beside it; what arrives is kept and applied afterwards.
Here alone, files are written inside a transaction: the price of never showing a half.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time

import structlog
from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Unavailable
from klisza.gateways.hl7v2 import router
from klisza.gateways.hl7v2.clusters import Cluster, clusters
from klisza.gateways.hl7v2.derived import Former
from klisza.gateways.hl7v2.lease import TERM_SECONDS, Lease
from klisza.gateways.models import InboundMessage

log = structlog.get_logger(__name__)
State = InboundMessage.State
PATIENCE_SECONDS = 6 * TERM_SECONDS  # for the applier to finish the message at hand
TRIES = 3


class _Worse(Exception):
    """A message that had taken effect does not any more."""


@dataclass
class Rebuilt:
    """set_aside: uids of messages that would have failed; what they belong to was left as it was."""

    people: int = 0
    messages: int = 0
    set_aside: tuple[str, ...] = ()


def rebuild(
    *, by: Actor, since: date | None = None, say: Callable[[str], object] = lambda text: None
) -> Rebuilt:
    """since: only people of whom something came on that day or later; their whole history is made anew.

    Raises Unavailable: run it again.
    """
    lease = Lease(asks=True)
    _take(lease)
    try:
        chosen = [one for one in clusters() if _is_recent(one, since)]
        record("messages.rebuilt", by=by, reason=f"{len(chosen)} groups of messages")
        result = Rebuilt()
        for number, cluster in enumerate(chosen, start=1):
            _take(lease)
            _rebuild_one(cluster, result)
            if number % 100 == 0:
                say(f"{number} of {len(chosen)}")
        return result
    finally:
        lease.release()


def _is_recent(cluster: Cluster, since: date | None) -> bool:
    if since is None:
        return True
    begin = datetime.combine(since, clock_time.min, tzinfo=clock.local_zone())
    return cluster.newest is not None and cluster.newest >= begin


def _take(lease: Lease) -> None:
    deadline = clock.now() + timedelta(seconds=PATIENCE_SECONDS)
    while not lease.take():
        if clock.now() > deadline:
            raise Unavailable("another process applies messages and does not step back")
        time.sleep(0.2)


def _rebuild_one(cluster: Cluster, result: Rebuilt) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            _rebuild(cluster)
        except _Worse as worse:
            result.set_aside += (str(worse),)
            log.error("hl7_not_rebuilt", message=str(worse))
            return
        except Unavailable:
            if attempt == TRIES:
                raise
            time.sleep(attempt)
        else:
            result.people += len(cluster.patients)
            result.messages += len(cluster.messages)
            return


@transaction.atomic
def _rebuild(cluster: Cluster) -> None:
    former = Former(cluster.patients)
    former.drop()
    messages = []
    for key in cluster.messages:
        message = InboundMessage.objects.select_related("peer").get(pk=key)
        outcome = router.apply(message, replay=True)
        if outcome.state == State.FAILED and message.state != State.FAILED:
            raise _Worse(str(message.uid))
        router.settle(message, outcome, replay=True)
        message.raw = b""
        messages.append(message)
    former.complete(messages)
