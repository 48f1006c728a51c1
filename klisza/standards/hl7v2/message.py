"""Bytes to segments. Lenient about how a message is wrapped, strict about what is no message at all."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from . import charsets, separators
from .errors import Refusal
from .segments import Dialect, Segment
from .separators import Separators

WRAPPING = b" \t\r\n\x0b\x0c\x00"
MOST_LINES = 1_500_000  # 64 MiB of base64 in lines of 64 signs
MOST_SEGMENTS = 50_000
MSH_7 = 6  # counted in a split line: MSH-1 is the separator
BARE = {
    "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "MRG", "ORC", "OBR", "OBX", "NTE", "TXA", "SCH", "RGS", "AIS", "AIL", "AIP",
}  # fmt: skip


@dataclass(frozen=True)
class Envelope:
    """What can be said of any bytes, so that every frame gets an answer. fields: MSH as bytes, numbered as usual."""

    separators: Separators = field(default_factory=Separators)
    fields: tuple[bytes, ...] = ()
    codec: str | None = "utf-8"  # None: MSH-18 names a charset nobody knows

    def raw(self, number: int) -> bytes:
        return self.fields[number] if number < len(self.fields) else b""

    def text(self, number: int) -> str:
        """The first repetition and component, never failing: for a log line or a list."""
        own = self.separators
        raw = self.raw(number).decode(self.codec or "ascii", "replace")
        return raw.split(own.repetition, 1)[0].split(own.component, 1)[0].strip()


@dataclass(frozen=True)
class Message:
    """segments: in the order of the message, without blank lines. warnings: for staff, without patient data."""

    envelope: Envelope
    dialect: Dialect
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = ()

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)

    def all(self, name: str) -> list[Segment]:
        return [segment for segment in self.segments if segment.name == name]


@dataclass(frozen=True)
class Unwrapped:
    """The lines of a message that say something, and whether a byte order mark stood before them."""

    rows: tuple[bytes, ...]
    is_marked: bool = False


def unwrapped(raw: bytes) -> Unwrapped:
    """By CR, LF or both; without a byte order mark and what stands around."""
    # Nothing below copies a usual message but the split: a frame may be large, and most of it is one line.
    clear = raw.lstrip(WRAPPING).removeprefix(charsets.UTF8_MARK).lstrip(WRAPPING)
    ends = clear.replace(b"\r\n", b"\r").replace(b"\n", b"\r") if b"\n" in clear else clear
    rows = [line for line in separators.divided(ends, b"\r") if line.strip(WRAPPING)]
    rows[-1:] = [line.rstrip(WRAPPING) for line in rows[-1:]]
    return Unwrapped(tuple(rows), charsets.UTF8_MARK in raw[:64])


def lines(raw: bytes) -> tuple[bytes, ...]:
    return unwrapped(raw).rows


def envelope(raw: bytes | Unwrapped, *, charset: str = "", default_charset: str = "UTF-8") -> Envelope:
    """MSH of anything; an empty Envelope when there is none. Never fails."""
    try:
        return _envelope(_unwrapped(raw, most=65536), charset, default_charset)
    except Refusal:
        return Envelope(codec=charsets.chosen("", override=charset, default=default_charset, marked=False))


def _unwrapped(raw: bytes | Unwrapped, *, most: int | None = None) -> Unwrapped:
    return raw if isinstance(raw, Unwrapped) else unwrapped(raw[:most])


def _envelope(message: Unwrapped, charset: str, default: str) -> Envelope:
    line = message.rows[0] if message.rows else b""
    if not line.startswith(b"MSH"):
        raise Refusal("AE", "100", "MSH", "not an HL7 message: no MSH segment at its start")
    own = separators.found(line)
    sign = own.field.encode("ascii")
    parts = line.split(sign)
    fields = (parts[0], sign, *parts[1:])
    label = (fields[18] if len(fields) > 18 else b"").decode("latin-1").split(own.repetition)[0]
    codec = charsets.chosen(label, override=charset, default=default, marked=message.is_marked)
    return Envelope(own, fields, codec)


def parse(raw: bytes | Unwrapped, *, charset: str = "", default_charset: str = "UTF-8") -> Message:
    """One message.

    charset: of the peer, overrides MSH-18. default_charset: for an empty MSH-18.
    Raises Refusal AE 100 (no MSH, or two), 101 (no separators), 102 (bytes that are not of the charset), 103.
    """
    message = _unwrapped(raw)
    opened = _envelope(message, charset, default_charset)
    if len(message.rows) > MOST_LINES:
        raise Refusal("AE", "102", "MSH", "too many lines")
    dialect = Dialect(opened.separators, opened.codec or "ascii")
    # No charset we know has a letter of several bytes with CR in it: each line is decoded by itself.
    segments = _segments([charsets.decoded(row, opened.codec) for row in message.rows], dialect)
    if len(segments) > MOST_SEGMENTS:
        raise Refusal("AE", "102", "MSH", "too many segments")
    if any(segment.name == "MSH" for segment in segments[1:]):
        raise Refusal("AE", "100", "MSH^2", "two messages in one frame")
    return Message(opened, dialect, tuple(segments), tuple(_notes(message, opened)))


def _notes(message: Unwrapped, opened: Envelope) -> list[str]:
    if opened.codec is None:
        return ["MSH-18 names an unknown character set; the message is plain ASCII"]
    if any(charsets.looks_mislabelled(row, opened.codec) for row in message.rows):
        return ["MSH-18: bytes that the character set it names does not use"]
    return []


def _segments(rows: list[str], dialect: Dialect) -> list[Segment]:
    """A line that does not begin as a segment goes on with the one before: broken base64, broken text."""
    begins = re.compile(r"[A-Z][A-Z0-9]{2}" + re.escape(dialect.separators.field))
    segments: list[Segment] = []
    counts: dict[str, int] = {}
    more: list[str] = []
    for line in rows:
        row = line.lstrip(" \t")
        if begins.match(row) or row.strip() in BARE:
            _continue(segments, more)
            name = row[:3]
            counts[name] = counts.get(name, 0) + 1
            segments.append(Segment(name, row, counts[name], dialect))
        else:
            more.append(line)
    _continue(segments, more)
    return segments


def _continue(segments: list[Segment], more: list[str]) -> None:
    if more and segments[-1].name != "MSH":
        segments[-1].raw = "\n".join([segments[-1].raw, *more])
    more.clear()


def normalised(raw: bytes | Unwrapped) -> bytes:
    """The body for comparing two messages: line ends, trailing blanks and MSH-7 (time of sending) do not count."""
    return b"\r".join(_compared(_unwrapped(raw)))


def digest(message: Unwrapped) -> str:
    """SHA-256 of the normalised body, hexadecimal."""
    return hashlib.sha256(b"\r".join(_compared(message))).hexdigest()


def _compared(message: Unwrapped) -> list[bytes]:
    rows = list(map(bytes.rstrip, message.rows))
    if rows and rows[0].startswith(b"MSH") and len(rows[0]) > 3:
        sign = rows[0][3:4]
        parts = rows[0].split(sign)
        parts[MSH_7:] = [b"", *parts[MSH_7 + 1 :]] if len(parts) > MSH_7 else []
        rows[0] = sign.join(parts)
    return rows
