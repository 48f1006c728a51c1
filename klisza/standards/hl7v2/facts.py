"""What a message says, in our words. Every field that a message may leave out has a value for "not said".

Text fields: "" = not said. `DELETED` ('""' in HL7) = the sender removes the value; it occurs only in
fields whose comment says so. Times are aware datetimes (the sender's zone, else the one given to `read`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

DELETED = '""'


@dataclass(frozen=True, order=True)
class Stamp:
    """When the sender says this was so. Ties are broken by the control id: one order, whatever arrives first."""

    at: datetime
    control_id: str = ""


@dataclass(frozen=True)
class Identifier:
    """CX / EI. issuer: universal id of the assigning authority, else its namespace, else ""."""

    value: str
    issuer: str = ""
    namespace: str = ""  # CX.4.1: sites whose table knows the namespace only
    kind: str = ""  # CX.5: MR, NNPOL (PESEL), PPN, ...


@dataclass(frozen=True)
class Contact:
    """NK1: somebody who may speak for the patient; a proposal, never an authorisation."""

    family_name: str
    given_name: str
    relation: str  # MTH FTH GRD ... (HL70063)
    email: str = ""
    mobile: str = ""
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True)
class Person:
    """PID, PD1, ARV, NK1. email, mobile: "" = not said, DELETED = removed."""

    identifiers: tuple[Identifier, ...] = ()
    family_name: str = ""
    given_name: str = ""
    birth_date: date | None = None
    sex: str = ""  # F M O
    email: str = ""
    mobile: str = ""  # as written, with country code when the sender gave one
    language: str = ""  # ISO 639-1
    is_dead: bool | None = None
    died_at: datetime | None = None
    is_confidential: bool | None = None  # PD1-12, ARV: shown to nobody until staff decide
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class Header:
    """MSH, and EVN where it is the better witness."""

    message_type: str  # ADT
    trigger: str  # A28
    control_id: str
    version: str
    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing_id: str = ""
    stated_at: datetime | None = None  # MSH-7
    accept_ack: str = ""  # MSH-15 AL NE ER SU
    application_ack: str = ""  # MSH-16
    charset: str = ""  # MSH-18 as written


@dataclass(frozen=True)
class Admission:
    """ADT. stamp: EVN-2, else MSH-7. prior: MRG-1 of the group; second: the other PID of A24/A37.

    A40/A34/A39: person survives, prior is merged into it. A47/A46/A49: prior is replaced by person's.
    A43/A45/A44: what stood under prior moves to person. A24 link, A37 unlink. A29/A23: delete.
    """

    event: str
    stamp: Stamp
    person: Person
    prior: tuple[Identifier, ...] = ()
    second: Person | None = None


@dataclass(frozen=True)
class ProcedureStep:
    """One requested procedure of an order: OBR with its IPC / ZDS / TQ1. status: planned | performed | cancelled."""

    placer_number: Identifier | None = None
    filler_number: Identifier | None = None
    accession_number: Identifier | None = None
    requested_procedure_id: str = ""
    scheduled_step_id: str = ""
    study_instance_uid: str = ""
    procedure_code: str = ""
    procedure_text: str = ""
    modality: str = ""
    station: str = ""  # IPC-9 AE title, else IPC-7 station name
    scheduled_at: datetime | None = None
    performed_at: datetime | None = None  # OBR-7
    ward: str = ""  # PV1-3.1, ORC-17.1, ORC-13: who ordered
    ward_text: str = ""
    physician: str = ""  # for staff only
    status: str = "planned"
    is_withdrawn: bool = False  # ORC-1 CA / DC / OC


@dataclass(frozen=True)
class Order:
    """ORM^O01, OMI^O23, OMG^O19. control: ORC-1 of the first group. person: for the identity check only."""

    stamp: Stamp
    person: Person
    control: str
    steps: tuple[ProcedureStep, ...]


@dataclass(frozen=True)
class Section:
    """Text under one heading. paragraphs: plain text, without any markup of the message."""

    code: str  # LOINC or local, e.g. 18782-3
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Attachment:
    """ED. media_type as found in the bytes: application/pdf, text/xml (CDA), image/jpeg, text/rtf, or "" unknown."""

    data: bytes = field(repr=False)
    media_type: str = ""
    title: str = ""


@dataclass(frozen=True)
class Pointer:
    """RP: a place to fetch from; only from a site's allow-list, never while answering."""

    url: str
    media_type: str = ""


@dataclass(frozen=True)
class Result:
    """One report of an ORU: OBR with its OBX. Consecutive OBR that share one text make one Result.

    status: O I S A R P F C X as OBR-25; "" = missing or unknown. observation_statuses: OBX-11 in use
    (W = wrong patient, A = addendum, D, X ...). key: filler number, else accession number, with the report
    number (OBX-4) where one is given. steps: the procedures it reports on.
    """

    key: str
    stamp: Stamp  # OBR-22, else MSH-7
    status: str
    observation_statuses: frozenset[str]
    steps: tuple[ProcedureStep, ...]
    sections: tuple[Section, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    study_instance_uids: tuple[str, ...] = ()
    is_addendum: bool = False
    parent_key: str = ""  # OBR-29
    performed_at: datetime | None = None
    interpreter: str = ""  # OBR-32 / 35: named on the report


@dataclass(frozen=True)
class Results:
    """ORU^R01."""

    stamp: Stamp
    person: Person
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Document:
    """MDM^T01-T11. TXA-12 is its name, TXA-13 the one it adds to or replaces.

    event: T01 ... T11. completion: TXA-17, confidentiality: TXA-18, availability: TXA-19.
    """

    stamp: Stamp
    person: Person
    event: str
    unique_number: str
    parent_number: str = ""
    document_type: str = ""
    title: str = ""
    completion: str = ""
    confidentiality: str = ""
    availability: str = ""
    issued_at: datetime | None = None
    author: str = ""
    steps: tuple[ProcedureStep, ...] = ()  # from ORC/OBR and TXA-14/15: its examination, if any
    sections: tuple[Section, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pointers: tuple[Pointer, ...] = ()


@dataclass(frozen=True)
class Appointment:
    """SIU^S12-S15, S17, S26. status: booked | changed | cancelled | deleted | no_show."""

    stamp: Stamp
    person: Person
    event: str
    placer_number: str
    filler_number: str
    starts_at: datetime | None
    ends_at: datetime | None = None
    status: str = "booked"
    service_code: str = ""
    service_text: str = ""
    ward: str = ""
    accession_number: str = ""
    order_numbers: tuple[Identifier, ...] = ()  # placer, filler orders it belongs to


Content = Admission | Order | Results | Document | Appointment


@dataclass(frozen=True)
class Read:
    """One message understood. warnings: for staff, without patient data.

    contents: in the order of the message; several when groups repeat (A40 with two pairs, ORU of two patients);
    empty for types we accept and have no use for.
    """

    header: Header
    contents: tuple[Content, ...] = ()
    warnings: tuple[str, ...] = ()
