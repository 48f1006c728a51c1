"""Answers: MSH, MSA and ERR in the sender's own separators and bytes (hospital-integration 2.2)."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from .errors import Refusal
from .escapes import escaped
from .message import Envelope, Message
from .separators import Separators

CONDITIONS = {  # HL70357
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
US = b"KLISZA"
VERSION = b"2.5.1"  # to a sender that says none
ERR_IN_PARTS = (2, 5)  # since 2.5, ERR has a field for each part
LONGEST_ECHO = 1000
CONTROLS = bytes(range(32)) + b"\x7f"


def answer(
    source: Envelope | Message,
    *,
    code: str,
    error: Refusal | None = None,
    now: datetime,
    control_id: str = "",
) -> bytes:
    """An ACK without its frame.

    source: as much of the message as could be read; an empty Envelope for what is no HL7 at all.
    code: AA AE AR or CA CE CR. now: aware. control_id: MSH-10 of the answer, made up when empty.
    """
    envelope = source.envelope if isinstance(source, Message) else source
    sign = envelope.separators.field.encode("ascii")
    segments = [_msh(envelope, now, control_id), _msa(envelope, code, error)]
    if error is not None:
        segments.append(_err(envelope, error))
    return b"".join(sign.join(fields).rstrip(sign) + b"\r" for fields in segments)


def replies(envelope: Envelope, code: str) -> tuple[str, ...]:
    """Which answers a message wants for AA, AE or AR: one in original mode, up to two in enhanced mode.

    A content error is told in the accept acknowledgement when no application acknowledgement will tell it. A sender
    that fills only MSH-15 still hears of every message once: silence only where both fields ask for it.
    """
    accept, application = envelope.text(15).upper(), envelope.text(16).upper()
    if not (accept or application):
        return (code,)
    succeeded = code == "AA"
    tells = bool(application) and _wanted(application, succeeded)
    accepted = "CA" if tells and code != "AR" else f"C{code[1]}"
    first = (accepted,) if accept and _wanted(accept, accepted == "CA") else ()
    later = (code,) if (tells and "CR" not in first) or not (application or first) else ()
    return first + later


def _wanted(condition: str, succeeded: bool) -> bool:
    """HL70155: AL always, NE never, ER errors only, SU successes only."""
    return {"NE": False, "ER": not succeeded, "SU": succeeded}.get(condition, True)


def _msh(envelope: Envelope, now: datetime, control_id: str) -> list[bytes]:
    echo = envelope.raw
    own = envelope.separators
    stamp = now.strftime("%Y%m%d%H%M%S%z").encode("ascii")
    return [
        b"MSH",
        own.written.encode("ascii") if echo(2) else _usual(own),
        _echo(echo(5)) or US,
        _echo(echo(6)),
        _echo(echo(3)),
        _echo(echo(4)),
        stamp,
        b"",
        _type(envelope),
        (control_id or uuid.uuid4().hex[:20]).encode("ascii"),
        _echo(echo(11)) or b"P",
        _echo(echo(12)) or VERSION,
        *[b""] * 5,
        _echo(echo(18)),
    ]


def _usual(own: Separators) -> bytes:
    return (own.component + own.repetition + own.escape + own.subcomponent).encode("ascii")


def _echo(raw: bytes) -> bytes:
    """A field as it came. Control characters would break our own frame or segments."""
    return raw.translate(None, CONTROLS)[:LONGEST_ECHO]


def _type(envelope: Envelope) -> bytes:
    sign = envelope.separators.component.encode("ascii")
    parts = _echo(envelope.raw(9)).split(sign)
    trigger = parts[1] if len(parts) > 1 else b""
    return sign.join([b"ACK", trigger, b"ACK"]) if trigger else b"ACK"


def _msa(envelope: Envelope, code: str, error: Refusal | None) -> list[bytes]:
    fields = [b"MSA", code.encode("ascii"), _echo(envelope.raw(10))]
    if error is None or _in_parts(envelope):
        return fields
    return [*fields, _text(envelope, error.text)[:80]]


def _err(envelope: Envelope, error: Refusal) -> list[bytes]:
    own = envelope.separators
    place = error.location.split("^")
    if not _in_parts(envelope):  # ERR-1 (CM): segment, occurrence, field, code
        condition = own.subcomponent.join((error.code, CONDITIONS.get(error.code, ""), "HL70357"))
        return [b"ERR", own.component.join([*(place + [""] * 3)[:3], condition]).encode("ascii")]
    condition = own.component.join((error.code, CONDITIONS.get(error.code, ""), "HL70357"))
    location = own.component.join(place)
    fields = (location, condition, "E", "", "", "")
    return [b"ERR", b"", *(part.encode("ascii") for part in fields), _text(envelope, error.text)]


def _text(envelope: Envelope, text: str) -> bytes:
    return escaped(text, envelope.separators).encode(envelope.codec or "ascii", "replace")


def _in_parts(envelope: Envelope) -> bool:
    found = re.match(r"(\d+)\.(\d+)", envelope.text(12))
    return not found or (int(found[1]), int(found[2])) >= ERR_IN_PARTS
