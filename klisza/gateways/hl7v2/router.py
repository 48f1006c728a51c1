"""One message from its bytes to its effects: which effect, and what its end means for the row."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Case, F, Value, When

from klisza.audit.actor import REPLAY, Actor
from klisza.audit.models import AuditEvent
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage, Unavailable
from klisza.gateways import queries
from klisza.gateways.hl7v2 import reading
from klisza.gateways.hl7v2.changes import Change, told, watched
from klisza.gateways.hl7v2.context import Context, Held, Trouble, default_issuer_of
from klisza.gateways.hl7v2.lease import Lease, is_free
from klisza.gateways.models import Hl7Peer, InboundMessage, WorkItem
from klisza.patients import queries as patients
from klisza.standards.hl7v2 import facts
from klisza.standards.hl7v2.errors import Refusal

log = structlog.get_logger(__name__)
State = InboundMessage.State
OUR_CODE = "/klisza/"
REPLAY_SECONDS = 3.0  # that long a page waits to show how it ended
EFFECTS = {
    facts.Admission: "admissions",
    facts.Order: "orders",
    facts.Results: "results",
    facts.Document: "documents",
    facts.Appointment: "appointments",
}
# Their effect may be refused for business reasons, so that the answer has to wait for it (HL70357 204, 205).
AWAITED_EVENTS = frozenset({"A40", "A34", "A39", "A47", "A46", "A49", "A43", "A45", "A44", "A24", "A37"})

# Nobody but staff can settle these: they stand for something that was done once.
FOR_STAFF = ("control_id_reused", "move_needs_staff", "order_moved")
GRAVITY = (State.IGNORED, State.APPLIED, State.REFUSED, State.HELD, State.FAILED)


@dataclass
class Outcome:
    """What became of a message. contents: what it said, as far as it could be read."""

    state: str
    answer: str = "AA"
    code: str = ""
    location: str = ""
    reason: str = ""
    patient_key: str = ""
    contents: list[facts.Content] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def worsen(self, other: Outcome | None) -> None:
        """Of several contents the worst end counts: what failed is ours to repair, what waits is tried again."""
        if other is None:
            return
        self.troubles += other.troubles
        if GRAVITY.index(other.state) > GRAVITY.index(self.state):
            self.state, self.answer, self.reason = other.state, other.answer, other.reason
            self.code, self.location, self.patient_key = other.code, other.location, other.patient_key


@dataclass(frozen=True)
class Preview:
    """What a message would do. actions: of the audit log. changed: rows by kind."""

    answer: str
    state: str
    code: str
    location: str
    reason: str
    actions: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    warnings: tuple[str, ...]
    changed: tuple[Change, ...]


def prepare() -> None:
    """Load what the first message would have to wait for: a process that dies young shall have applied some."""
    for name in EFFECTS.values():
        _module(name)


def is_awaited(contents: Iterable[facts.Content]) -> bool:
    return any(isinstance(each, facts.Admission) and each.event in AWAITED_EVENTS for each in contents)


def process(message: InboundMessage, *, replay: bool = False, read: facts.Read | None = None) -> Outcome:
    """Apply one message and write down how it ended; what it set free (a patient became known) follows at once.

    replay: nothing is told to anybody, nobody gets an account. read: what was found in it already.
    Raises Unavailable: nothing is written down, the message waits.
    """
    outcome = apply(message, replay=replay, read=read)
    settle(message, outcome, replay=replay)
    log.info("hl7_applied", message=str(message.uid), state=outcome.state)
    for content in outcome.contents:
        if outcome.state == State.APPLIED and isinstance(content, facts.Admission | facts.Order):
            _release(content, message, replay=replay)
    return outcome


def dry_run(raw: bytes, peer: Hl7Peer | None = None) -> Preview:
    """What this message would do now. Everything is taken back: nothing is kept, nobody is told.

    Files that were written meanwhile stand in no row and are swept. Raises Unavailable.
    """
    now = clock.now()
    with transaction.atomic(), watched() as counts:
        last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
        message = InboundMessage.objects.create(
            peer=peer, peer_name=peer.name if peer else "", received_at=now, size=len(raw), raw=raw
        )
        outcome = apply(message)
        actions = AuditEvent.objects.filter(id__gt=last).order_by("id").values_list("action", flat=True)
        preview = Preview(
            outcome.answer, outcome.state, outcome.code, outcome.location, outcome.reason, tuple(actions),
            tuple(outcome.troubles), tuple(outcome.warnings), told(counts),
        )  # fmt: skip
        transaction.set_rollback(True)
    return preview


def replay(message: InboundMessage, *, by: Actor) -> InboundMessage:
    """Apply one message again, as after a repair; returns the row as it stands then.

    The process that applies messages does it in its turn, as a rule within a second; without one it is done here.
    """
    with transaction.atomic():
        InboundMessage.objects.filter(pk=message.pk).update(
            state=State.WAITING, replays=F("replays") + 1, attempts=0
        )
        record("message.replayed", by=by, objects=[message])
    deadline = time.monotonic() + REPLAY_SECONDS
    while (row := _without_bytes(message.pk)).state == State.WAITING and time.monotonic() < deadline:
        if not _apply_here(row):
            time.sleep(0.1)
    return row


def _apply_here(row: InboundMessage) -> bool:
    lease = Lease()
    if not is_free() or not lease.take():
        return False
    try:
        process(row)
    finally:
        lease.release()
    return True


def _without_bytes(key: int) -> InboundMessage:
    return InboundMessage.objects.select_related("peer").defer("raw").get(pk=key)


def _release(content: facts.Admission | facts.Order, message: InboundMessage, *, replay: bool) -> None:
    for key in queries.held(_known_keys(content, default_issuer_of(message.peer))):
        released = InboundMessage.objects.filter(pk=key, state=State.HELD).defer("raw").first()
        if released is not None:
            process(released, replay=replay)


def apply(message: InboundMessage, *, replay: bool = False, read: facts.Read | None = None) -> Outcome:
    """The effects only. Raises Unavailable."""
    peer = message.peer
    context = Context(
        message=message,
        by=REPLAY if replay else _sender(message),
        peer=peer,
        quiet=replay or bool(peer and peer.is_quiet),
        replay=replay,
    )
    try:
        found = read or reading.understood(reading.parsed(queries.raw_of(message), peer), message.received_at)
    except Refusal as refusal:
        return _refused(refusal)
    except Exception as fault:  # noqa: BLE001 - one message's fault must not stop the others (L20)
        return _failed(message, fault)
    outcome = Outcome(State.APPLIED if found and found.contents else State.IGNORED)
    outcome.warnings += found.warnings if found else ("message type without use for the portal",)
    for content in found.contents if found else ():
        outcome.contents.append(content)
        outcome.worsen(_apply_one(content, context))
    outcome.troubles += context.troubles
    outcome.warnings += context.warnings
    if outcome.contents and not outcome.patient_key and outcome.contents[0].person.identifiers:
        outcome.patient_key = _key(outcome.contents[0].person.identifiers[0], context.default_issuer)
    return outcome


def _apply_one(content: facts.Content, context: Context) -> Outcome | None:
    """None: it took effect. Raises Unavailable."""
    try:
        _effect(content)(content, context)
    except Refusal as refusal:
        context.work("refused", detail=f"{refusal.code} {refusal.text}"[:300])
        return _refused(refusal)
    except Held as held:
        context.work(held.kind)
        key = _key(held.identifier, context.default_issuer)
        return Outcome(State.HELD, reason=str(held), patient_key=key)
    except (OperationalError, InterfaceError) as fault:
        raise Unavailable(f"database: {type(fault).__name__}") from fault
    except Unavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - one message's fault must not stop the others (L20)
        return _failed(context.message, fault)
    return None


def _refused(refusal: Refusal) -> Outcome:
    return Outcome(State.REFUSED, refusal.answer, refusal.code, refusal.location, refusal.text)


def _failed(message: InboundMessage, fault: Exception) -> Outcome:
    log.error("hl7_failed", message=str(message.uid), error=type(fault).__name__, at=_place(fault))
    outcome = Outcome(State.FAILED, reason=_cause(fault))
    outcome.troubles.append(Trouble("failed", detail=outcome.reason[:300]))
    return outcome


@transaction.atomic
def settle(message: InboundMessage, outcome: Outcome, *, replay: bool = False) -> None:
    """The end of a message on its row and on the staff's list. What the sender was told already stays."""
    now = clock.now()
    known = [line for line in message.warnings if line not in outcome.warnings]
    columns: dict[str, Any] = {
        "state": outcome.state,
        "answer": Case(When(answer="", then=Value(outcome.answer)), default="answer"),
        "code": outcome.code[:8],
        "location": outcome.location[:64],
        "reason": outcome.reason[:500],
        "warnings": [*known, *outcome.warnings],
        "finished_at": (replay and message.finished_at) or now,
    }
    if outcome.patient_key:
        columns["patient_key"] = outcome.patient_key[:260]
    InboundMessage.objects.filter(pk=message.pk).update(**columns)
    _write_work(message, outcome.troubles, replay=replay)


def _write_work(message: InboundMessage, troubles: Iterable[Trouble], *, replay: bool) -> None:
    """Troubles that are gone are ticked off; one that staff have dealt with does not come back by a replay."""
    items = WorkItem.objects.filter(message=message)
    present = {trouble.kind[:32]: trouble for trouble in troubles}
    gone = items.filter(done_at=None).exclude(kind__in=[*present, *FOR_STAFF])
    gone.update(done_at=clock.now(), done_note="settled by itself")
    known = set((items if replay else items.filter(done_at=None)).values_list("kind", flat=True))
    for kind, trouble in present.items():
        if kind not in known:
            WorkItem.objects.create(
                kind=kind, message=message, patient=trouble.patient, examination=trouble.examination,
                detail=trouble.detail[:300], created_at=clock.now(),
            )  # fmt: skip


def _effect(content: facts.Content) -> Callable[[facts.Content, Context], None]:
    return _module(EFFECTS[type(content)]).apply


def _module(name: str) -> Any:
    return import_module(f"klisza.gateways.hl7v2.effects.{name}")


def _sender(message: InboundMessage) -> Actor:
    return Actor("machine", client=message.peer_name[:64], source_ip=message.address)


def _key(identifier: facts.Identifier, default: str) -> str:
    issuers = patients.issuers_of(identifier, default=default)
    return f"{issuers[0] if issuers else ''}|{identifier.value}"[:260]


def _known_keys(content: facts.Admission | facts.Order, default: str) -> list[str]:
    """Every name under which messages may wait for the people of this one."""
    people, named = [content.person], list[facts.Identifier]()
    if isinstance(content, facts.Admission):
        people += [content.second] if content.second else []
        named += content.prior
    named += [each for person in people for each in person.identifiers]
    keys = {
        f"{issuer}|{each.value}" for each in named for issuer in patients.issuers_of(each, default=default)
    }
    for person in people:
        if found := patients.find_person(person.identifiers, default_issuer=default):
            keys |= queries.keys_of(patients.aliases(found))
    return sorted(keys)


def _cause(fault: Exception) -> str:
    """One line for staff: what kind of fault and where, never a value (it may be a patient's)."""
    if isinstance(fault, BadMessage):
        return fault.reason
    return f"{type(fault).__name__} at {_place(fault)}"


def _place(fault: Exception) -> str:
    ours = [frame for frame in traceback.extract_tb(fault.__traceback__) if OUR_CODE in frame.filename]
    return f"{ours[-1].filename.rpartition(OUR_CODE)[2]}:{ours[-1].lineno}" if ours else ""
