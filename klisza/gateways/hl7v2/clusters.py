"""Which messages belong together: those of one person (merged records included) or of one number of an order.

What is rebuilt together must contain everything that can have shaped it; a cluster that is larger than needed
only takes longer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from klisza.gateways import queries
from klisza.gateways.hl7v2 import reading
from klisza.gateways.hl7v2.context import default_issuer_of
from klisza.gateways.models import InboundMessage
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.standards.hl7v2 import facts
from klisza.standards.hl7v2.errors import Refusal

Name = tuple[str, ...]
State = InboundMessage.State
# What was refused was never applied; what waits is the applier's; a repetition says nothing of its own.
REPLAYED = (State.APPLIED, State.HELD, State.FAILED, State.IGNORED)


@dataclass
class Cluster:
    """messages: in the order of their arrival."""

    messages: list[int] = field(default_factory=list)
    patients: set[UUID] = field(default_factory=set)
    newest: datetime | None = None


class _Groups:
    """Union-find over names."""

    def __init__(self) -> None:
        self.parent: dict[Name, Name] = {}

    def root(self, name: Name) -> Name:
        self.parent.setdefault(name, name)
        while (above := self.parent[name]) != name:
            self.parent[name] = self.parent[above]
            name = self.parent[name]
        return name

    def join(self, first: Name, second: Name) -> None:
        self.parent[self.root(second)] = self.root(first)


def clusters() -> list[Cluster]:
    """All messages, by what belongs together; clusters in the order of their first message."""
    groups = _Groups()
    _join_people(groups)
    found: dict[Name, Cluster] = defaultdict(Cluster)
    messages = [(key, received_at, _join_message(groups, key)) for key, received_at in _messages()]
    for key, received_at, name in messages:
        cluster = found[groups.root(name)]
        cluster.messages.append(key)
        cluster.newest = max(cluster.newest or received_at, received_at)
    for patient_id in Patient.objects.values_list("pk", flat=True).iterator():
        root = groups.root(("patient", str(patient_id)))
        if root in found:
            found[root].patients.add(patient_id)
    return list(found.values())


def _messages() -> list[tuple[int, datetime]]:
    rows = InboundMessage.objects.filter(state__in=REPLAYED).order_by("id")
    return list(rows.values_list("id", "received_at"))


def _join_people(groups: _Groups) -> None:
    for patient_id, survivor_id in Patient.objects.values_list("pk", "survivor_id").iterator():
        if survivor_id:
            groups.join(("patient", str(survivor_id)), ("patient", str(patient_id)))
    rows = PatientIdentifier.objects.values_list("issuer", "value", "patient_id")
    for issuer, value, patient_id in rows.iterator():
        groups.join(("patient", str(patient_id)), ("identifier", issuer, value))


def _join_message(groups: _Groups, key: int) -> Name:
    own = ("message", str(key))
    for name in _names(InboundMessage.objects.select_related("peer").get(pk=key)):
        groups.join(name, own)
    return own


def _names(message: InboundMessage) -> Iterator[Name]:
    try:
        read = reading.understood(reading.parsed(queries.raw_of(message), message.peer), message.received_at)
    except Refusal:
        return
    issuer = default_issuer_of(message.peer)
    for content in read.contents if read else ():
        for identifier in _identifiers(content):
            for form in patients.forms_of(identifier, default=issuer):
                yield "identifier", form.issuer, form.value
        for kind, value in _numbers(content):
            yield "number", kind, value


def _identifiers(content: facts.Content) -> Iterable[facts.Identifier]:
    if not isinstance(content, facts.Admission):
        return content.person.identifiers
    second = content.second.identifiers if content.second else ()
    return (*content.person.identifiers, *content.prior, *second)


def _numbers(content: facts.Content) -> Iterator[tuple[str, str]]:
    """Without their issuers: a sender may leave them out."""
    steps: tuple[facts.ProcedureStep, ...] = ()
    if isinstance(content, facts.Results):
        steps = tuple(step for result in content.results for step in result.steps)
        yield from (("report", result.key) for result in content.results if result.key)
    elif isinstance(content, facts.Order | facts.Document):
        steps = content.steps
    if isinstance(content, facts.Document):
        yield from (("document", one) for one in (content.unique_number, content.parent_number) if one)
    if isinstance(content, facts.Appointment):
        yield from (("visit", one) for one in (content.filler_number, content.placer_number) if one)
    for step in steps:
        for kind in ("accession", "filler", "placer"):
            number: facts.Identifier | None = getattr(step, f"{kind}_number")
            if number and number.value:
                yield kind, number.value
        if step.study_instance_uid:
            yield "study", step.study_instance_uid
