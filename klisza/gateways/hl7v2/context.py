"""What every effect of a message needs: whose message it is, and where its business troubles go."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings

from klisza.audit.actor import Actor
from klisza.examinations.models import Examination
from klisza.gateways.models import Hl7Peer, InboundMessage
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Identifier

WHY_HELD = {
    "unknown_patient": "the patient is not known yet",
    "patient_differs": "the patient is another one by birth date, name or another number",
    "accession_of_other_patient": "its number or study stands under another patient",
}


class Held(Exception):
    """The message waits, shown to nobody, until an ADT or order makes it fit. kind: of the work item."""

    def __init__(self, identifier: Identifier, kind: str = "unknown_patient") -> None:
        super().__init__(WHY_HELD[kind])
        self.identifier, self.kind = identifier, kind


def default_issuer_of(peer: Hl7Peer | None) -> str:
    """Of identifiers and numbers that name none."""
    return (peer.issuer if peer else "") or settings.ISSUER


@dataclass(frozen=True)
class Trouble:
    """A WorkItem to be: the message was accepted, staff must look."""

    kind: str
    patient: Patient | None = None
    examination: Examination | None = None
    detail: str = ""


@dataclass
class Context:
    """quiet: no account, mail or notice follows (back-fill, replay)."""

    message: InboundMessage
    by: Actor
    peer: Hl7Peer | None = None
    quiet: bool = False
    replay: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return str(self.message.uid)

    @property
    def default_issuer(self) -> str:
        return default_issuer_of(self.peer)

    def work(
        self,
        kind: str,
        *,
        patient: Patient | None = None,
        examination: Examination | None = None,
        detail: str = "",
    ) -> None:
        self.troubles.append(Trouble(kind, patient, examination, detail))

    def warn(self, sentence: str) -> None:
        """For staff; without patient data."""
        self.warnings.append(sentence)
