"""Messages that wait for their patient: back into the queue as soon as one of their names is known."""

from __future__ import annotations

from datetime import timedelta

from klisza.base import clock
from klisza.gateways import queries
from klisza.gateways.models import InboundMessage
from klisza.patients import queries as patients
from klisza.standards.hl7v2.facts import Identifier

State = InboundMessage.State
MOST_KEYS = 1000
# A message may name its patient in several ways, and names of issuers may become known: everything that is
# held is tried again now and then.
AGAIN_AFTER = timedelta(minutes=10)
MOST_AGAIN = 50


def release_known() -> int:
    """Returns how many go back."""
    keys = queries.held_keys(MOST_KEYS)
    known = [key for key in queries.known_keys(keys) if _is_person(key)]
    return _release(queries.held(known)) + _release(
        queries.held_since(clock.now() - AGAIN_AFTER)[:MOST_AGAIN]
    )


def _is_person(key: str) -> bool:
    issuer, _, value = key.partition("|")
    return patients.find_person([Identifier(value, issuer)], default_issuer=issuer) is not None


def _release(ids: list[int]) -> int:
    """The applier takes them up; not tried is not yet over, so `finished_at` moves with every try."""
    if not ids:
        return 0
    return InboundMessage.objects.filter(pk__in=ids, state=State.HELD).update(state=State.WAITING)
