"""Command sets of PS3.7: group 0000 in Implicit VR Little Endian, as far as a receiver needs them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from .errors import Malformed

ELEMENT_HEADER = 8
HEADER = struct.Struct("<HHI")
NO_DATA_SET = 0x0101
SHORT, LONG = 2, 4


class Field(IntEnum):
    """Element numbers (PS3.7 E.1)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    ERROR_COMMENT = 0x0902
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    EVENT_TYPE_ID = 0x1002


class Kind(IntEnum):
    """Command fields of requests we take; a response has the highest bit set."""

    C_STORE_RQ = 0x0001
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100


RESPONSE = 0x8000


@dataclass(frozen=True)
class Request:
    """kind: the command field, known or not. has_data: a data set follows. event_type: of an N-EVENT-REPORT."""

    kind: int
    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    has_data: bool
    event_type: int = 0


def read_request(raw: bytes | bytearray) -> Request:
    """Raises Malformed."""
    values = _elements(raw)
    kind = _number(values, Field.COMMAND_FIELD)
    data_set_type = _number(values, Field.COMMAND_DATA_SET_TYPE)
    if kind & RESPONSE:
        raise Malformed("a response, where only requests can be")
    return Request(
        kind,
        _number(values, Field.MESSAGE_ID),
        _uid(values, Field.AFFECTED_SOP_CLASS_UID),
        _uid(values, Field.AFFECTED_SOP_INSTANCE_UID),
        data_set_type != NO_DATA_SET,
        int.from_bytes(values.get(Field.EVENT_TYPE_ID, b"")[:SHORT], "little"),
    )


def _elements(raw: bytes | bytearray) -> dict[int, bytes]:
    values: dict[int, bytes] = {}
    place = 0
    while place < len(raw):
        value = place + ELEMENT_HEADER
        group, element, length = HEADER.unpack_from(raw, place) if value <= len(raw) else (1, 0, 0)
        end = value + length
        if end > len(raw) or group:
            raise Malformed("a command set that is cut or of another group")
        values[element] = bytes(raw[value:end])
        place = end
    return values


def _number(values: dict[int, bytes], field: Field) -> int:
    raw = values.get(field, b"")
    if len(raw) != SHORT:
        raise Malformed("a command set without a required element")
    return int.from_bytes(raw, "little")


def _uid(values: dict[int, bytes], field: Field) -> str:
    return values.get(field, b"").decode("ascii", "replace").strip(" \0")


def response(request: Request, *, status: int, comment: str = "") -> bytes:
    """comment: ErrorComment, at most 64 signs."""
    elements = {
        Field.AFFECTED_SOP_CLASS_UID: _text(request.sop_class_uid, "\0"),
        Field.COMMAND_FIELD: (request.kind | RESPONSE).to_bytes(SHORT, "little"),
        Field.MESSAGE_ID_BEING_RESPONDED_TO: request.message_id.to_bytes(SHORT, "little"),
        Field.COMMAND_DATA_SET_TYPE: NO_DATA_SET.to_bytes(SHORT, "little"),
        Field.STATUS: status.to_bytes(SHORT, "little"),
    }
    if comment:
        elements[Field.ERROR_COMMENT] = _text(comment, " ")
    if request.sop_instance_uid:
        elements[Field.AFFECTED_SOP_INSTANCE_UID] = _text(request.sop_instance_uid, "\0")
    if request.event_type:
        elements[Field.EVENT_TYPE_ID] = request.event_type.to_bytes(SHORT, "little")
    body = b"".join(_element(field, value) for field, value in sorted(elements.items()))
    return _element(Field.GROUP_LENGTH, len(body).to_bytes(LONG, "little")) + body


def _element(field: Field, value: bytes) -> bytes:
    return bytes(2) + field.to_bytes(2, "little") + len(value).to_bytes(4, "little") + value


def _text(text: str, pad: str) -> bytes:
    raw = text.encode("ascii", "replace")
    return raw + pad.encode("ascii") * (len(raw) % 2)
