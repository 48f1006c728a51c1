"""Protocol data units of PS3.8 9.3: bytes to values and back. Lengths are judged before anything is taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from .errors import Malformed

HEADER_BYTES = 6
FIXED_BYTES = 68  # of an A-ASSOCIATE-RQ or -AC behind its header, before the items
ITEM_HEADER = 4
PDV_HEADER = 6  # length, context, control
SERVICE_USER, SERVICE_PROVIDER = 0, 2  # sources of an A-ABORT
UNEXPECTED_PDU, INVALID_VALUE = 2, 6  # reasons of the provider (table 9-26)
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
PROTOCOL_VERSION = 1  # bit 0
MOST_CONTEXTS = 128
ECHOED = slice(10, 74)  # titles and reserved bytes: an acceptance returns them as they came (table 9-17)


class Kind(IntEnum):
    A_ASSOCIATE_RQ = 0x01
    A_ASSOCIATE_AC = 0x02
    A_ASSOCIATE_RJ = 0x03
    P_DATA_TF = 0x04
    A_RELEASE_RQ = 0x05
    A_RELEASE_RP = 0x06
    A_ABORT = 0x07


class Item(IntEnum):
    APPLICATION_CONTEXT = 0x10
    PROPOSED_CONTEXT = 0x20
    ACCEPTED_CONTEXT = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION_CLASS_UID = 0x52
    ROLE_SELECTION = 0x54
    IMPLEMENTATION_VERSION_NAME = 0x55


class Verdict(IntEnum):
    """On one proposed presentation context (table 9-18)."""

    ACCEPTED = 0
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True)
class Proposal:
    """A presentation context as proposed; id: odd, 1 to 255."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What becomes of a proposal. transfer_syntax: the chosen one, without meaning in a refusal."""

    id: int
    verdict: Verdict
    transfer_syntax: str


@dataclass(frozen=True)
class Role:
    """SCP/SCU role selection for one SOP class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True)
class AssociateRequest:
    """maximum_length: bytes behind the header of a P-DATA-TF that the requestor takes; 0 = any."""

    called_ae_title: str
    calling_ae_title: str
    application_context: str
    is_known_version: bool
    proposals: tuple[Proposal, ...]
    maximum_length: int
    roles: tuple[Role, ...]
    echoed: bytes


@dataclass(frozen=True)
class Fragment:
    """One presentation data value (9.3.5.1, annex E). data lies in the buffer of the PDU."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


def length_of(header: bytes | bytearray | memoryview) -> int:
    """What the PDU announces to follow; up to 4 GiB, so never allocate by it."""
    return int.from_bytes(header[2:6], "big")


def titles(request: bytes) -> tuple[str, str]:
    """(called, calling) AE title of a complete A-ASSOCIATE-RQ."""
    return _text(request[10:26]), _text(request[26:42])


def read_request(pdu: bytes) -> AssociateRequest:
    """A complete A-ASSOCIATE-RQ with its header. Raises Malformed."""
    if len(pdu) < HEADER_BYTES + FIXED_BYTES or length_of(pdu) != len(pdu) - HEADER_BYTES:
        raise Malformed("an A-ASSOCIATE-RQ of another length than announced")
    called, calling = titles(pdu)
    application_context, proposals, user = "", [], b""
    for kind, content in _items(pdu[HEADER_BYTES + FIXED_BYTES :]):
        if kind == Item.APPLICATION_CONTEXT:
            application_context = _text(content)
        elif kind == Item.PROPOSED_CONTEXT:
            proposals.append(_proposal(content))
        elif kind == Item.USER_INFORMATION:
            user = content
    if len({proposal.id for proposal in proposals}) < len(proposals) or len(proposals) > MOST_CONTEXTS:
        raise Malformed("presentation contexts that share an id, or too many")
    maximum_length, roles = _user_information(user)
    return AssociateRequest(
        called_ae_title=called,
        calling_ae_title=calling,
        application_context=application_context,
        is_known_version=bool(int.from_bytes(pdu[6:8], "big") & PROTOCOL_VERSION),
        proposals=tuple(proposals),
        maximum_length=maximum_length,
        roles=roles,
        echoed=bytes(pdu[ECHOED]),
    )


def _proposal(content: bytes) -> Proposal:
    if len(content) < ITEM_HEADER or not content[0] % 2:
        raise Malformed("a presentation context with an even id, or none")
    abstract: list[str] = []
    syntaxes: list[str] = []
    for kind, value in _items(content[ITEM_HEADER:]):
        (abstract if kind == Item.ABSTRACT_SYNTAX else syntaxes).append(_text(value))
    if len(abstract) != 1:
        raise Malformed("a presentation context without one abstract syntax")
    return Proposal(content[0], abstract[0], tuple(syntaxes))


def _user_information(content: bytes) -> tuple[int, tuple[Role, ...]]:
    maximum_length, roles = 0, []
    for kind, value in _items(content):
        if kind == Item.MAXIMUM_LENGTH:
            if len(value) != 4:
                raise Malformed("a maximum length of other than four bytes")
            maximum_length = int.from_bytes(value, "big")
        elif kind == Item.ROLE_SELECTION:
            roles.append(_role(value))
    return maximum_length, tuple(roles)


def _role(value: bytes) -> Role:
    length = int.from_bytes(value[:2], "big")
    if len(value) != 2 + length + 2:
        raise Malformed("a role selection of another length than announced")
    return Role(_text(value[2 : 2 + length]), bool(value[-2]), bool(value[-1]))


def _items(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(content):
        if place + ITEM_HEADER > len(content):
            raise Malformed("an item without its header")
        end = place + ITEM_HEADER + int.from_bytes(content[place + 2 : place + 4], "big")
        if end > len(content):
            raise Malformed("an item that is longer than what holds it")
        yield content[place], content[place + ITEM_HEADER : end]
        place = end


def _text(raw: bytes) -> str:
    """A UID or a title, however it is padded."""
    return raw.decode("ascii", "replace").strip(" \0")


def accept(
    request: AssociateRequest,
    decisions: Iterable[Decision],
    *,
    maximum_length: int,
    implementation_class_uid: str,
    implementation_version_name: str,
    reported: frozenset[str] = frozenset(),
) -> bytes:
    """An A-ASSOCIATE-AC. Roles are answered as the default ones: the requestor asks, we serve (PS3.7 D.3.3.4.2).

    reported: classes whose provider the requestor may be: it reports to us what we had asked for elsewhere.
    """
    known = {proposal.abstract_syntax for proposal in request.proposals}
    roles = [
        Role(role.sop_class_uid, role.scu, role.scp and role.sop_class_uid in reported)
        for role in request.roles
        if role.sop_class_uid in known
    ]
    information = b"".join(
        (
            _item(Item.MAXIMUM_LENGTH, maximum_length.to_bytes(4, "big")),
            _item(Item.IMPLEMENTATION_CLASS_UID, implementation_class_uid.encode("ascii")),
            *(_item(Item.ROLE_SELECTION, _role_bytes(role)) for role in roles),
            _item(Item.IMPLEMENTATION_VERSION_NAME, implementation_version_name.encode("ascii")),
        )
    )
    body = b"".join(
        (
            PROTOCOL_VERSION.to_bytes(2, "big"),
            bytes(2),
            request.echoed,
            _item(Item.APPLICATION_CONTEXT, APPLICATION_CONTEXT.encode("ascii")),
            *(_item(Item.ACCEPTED_CONTEXT, _decision_bytes(decision)) for decision in decisions),
            _item(Item.USER_INFORMATION, information),
        )
    )
    return _pdu(Kind.A_ASSOCIATE_AC, body)


def _decision_bytes(decision: Decision) -> bytes:
    syntax = _item(Item.TRANSFER_SYNTAX, decision.transfer_syntax.encode("ascii", "replace"))
    return bytes((decision.id, 0, decision.verdict, 0)) + syntax


def _role_bytes(role: Role) -> bytes:
    uid = role.sop_class_uid.encode("ascii", "replace")
    return len(uid).to_bytes(2, "big") + uid + bytes((role.scu, role.scp))


def _item(kind: Item, content: bytes) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(2, "big") + content


def reject(result: int, source: int, reason: int) -> bytes:
    """An A-ASSOCIATE-RJ (table 9-21)."""
    return _pdu(Kind.A_ASSOCIATE_RJ, bytes((0, result, source, reason)))


def release_response() -> bytes:
    return _pdu(Kind.A_RELEASE_RP, bytes(4))


def abort(source: int, reason: int = 0) -> bytes:
    """reason: of the service provider only."""
    return _pdu(Kind.A_ABORT, bytes((0, 0, source, reason)))


def fragments(body: memoryview) -> Iterator[Fragment]:
    """The presentation data values of a P-DATA-TF behind its header. Raises Malformed."""
    if not body:
        raise Malformed("a P-DATA-TF without a value")
    place, end = 0, len(body)
    while place < end:
        length = int.from_bytes(body[place : place + 4], "big")
        if place + 4 > end or length < 2 or length > end - place - 4:
            raise Malformed("a presentation data value that is longer than its PDU")
        control = body[place + 5]
        data = body[place + PDV_HEADER : place + 4 + length]
        yield Fragment(body[place + 4], bool(control & 1), bool(control & 2), data)
        place += 4 + length


def command_pdus(context_id: int, command: bytes, *, maximum_length: int) -> bytes:
    """A command set as P-DATA-TF, as many as the other side's maximum length asks for."""
    room = len(command) if not maximum_length else max(2, maximum_length - PDV_HEADER)
    pieces = [command[place : place + room] for place in range(0, len(command), room)]
    return b"".join(
        _pdu(
            Kind.P_DATA_TF,
            (len(piece) + 2).to_bytes(4, "big")
            + bytes((context_id, 1 | 2 * (number == len(pieces))))
            + piece,
        )
        for number, piece in enumerate(pieces, 1)
    )


def _pdu(kind: Kind, body: bytes) -> bytes:
    return bytes((kind, 0)) + len(body).to_bytes(4, "big") + body
