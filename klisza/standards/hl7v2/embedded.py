"""ED: a file inside a message, however its sender filled the components."""

from __future__ import annotations

import re
from contextlib import suppress

import pybase64

from .errors import Refusal
from .facts import Attachment
from .segments import Value

ENCODINGS = {"BASE64": "base64", "B64": "base64", "HEX": "hex", "A": "text", "ASCII": "text"}
SHORTEST_SHIFTED = 24  # data that stand in another component than the fifth
MOST_ESCAPES = 4_000_000  # two at each line end of 64 MiB
LONGEST_NAME = 16  # of an encoding: longer components need no comparing
BLANKS = {ord(sign): None for sign in " \t\n\r"}
URL_SAFE = {ord("-"): "+", ord("_"): "/"}
DATA_URI = re.compile(r"data:[\w.+/-]{0,100}(?:;[\w=.-]{1,60}){0,4},")
XML_ENCODING = re.compile(r"""<\?xml[^>]{0,80}?encoding=["']([\w.-]{1,32})["']""")
CLEAR_STARTS = ("%PDF", "<?xml", "<ClinicalDocument", "{\\rtf")
HEAD = 1024

MEDIA_TYPES = {
    "pdf": "application/pdf", "xml": "text/xml", "cda": "text/xml", "x-hl7-cda-level-one": "text/xml", "rtf": "text/rtf",
    "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png", "tiff": "image/tiff", "html": "text/html",
    "plain": "text/plain", "dicom": "application/dicom",
}  # fmt: skip


def attachment(value: Value, location: str, title: str) -> Attachment | None:
    """None when there are no data. Raises Refusal AE 102 at the location when they cannot be decoded."""
    parts = value.components()
    written, place = _data(parts)
    if not written or value.is_null:
        return None
    escape = value.dialect.separators.escape
    if escape in written:  # a look costs a tenth of a count
        if written.count(escape) > MOST_ESCAPES:
            raise Refusal("AE", "102", location, "too many escape sequences")
        written = value.dialect.clear(written)
    data = _decoded(written.strip(), _encoding(parts, place), location)
    if not data:
        return None
    return Attachment(data, sniffed(data) or _plain(parts, data), title)


def media_type(kind: str, subtype: str) -> str:
    """Of what components 2 and 3 say; "" for what nobody knows."""
    return MEDIA_TYPES.get(subtype.lower().rsplit("/", 1)[-1]) or MEDIA_TYPES.get(
        kind.lower().rsplit("/", 1)[-1], ""
    )


def sniffed(data: bytes) -> str:
    """What the bytes are, whatever their label says; "" for what is not known."""
    head = data[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"%PDF-" in head:
        return "application/pdf"
    if head.startswith((b"<?xml", b"<ClinicalDocument")) or b"<ClinicalDocument" in head:
        return "text/xml"
    starts = (
        (b"{\\rtf", "text/rtf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG", "image/png"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
    )
    return next((name for start, name in starts if head.startswith(start)), "")


def _data(parts: list[str]) -> tuple[str, int]:
    """The fifth component; when it is empty, the longest of the others (senders that shift them)."""
    if len(parts) > 4 and parts[4].strip() and _named(parts[4]) is None:
        return parts[4], 4
    place = max(range(len(parts)), key=lambda index: len(parts[index]))
    return (parts[place], place) if len(parts[place].strip()) >= SHORTEST_SHIFTED else ("", place)


def _named(part: str) -> str | None:
    name = part.strip()
    return ENCODINGS.get(name.upper()) if len(name) < LONGEST_NAME else None


def _encoding(parts: list[str], data_at: int) -> str:
    said = (_named(part) for place, part in enumerate(parts[:5]) if place != data_at)
    return next(filter(None, said), "base64")


def _decoded(written: str, encoding: str, location: str) -> bytes:
    if uri := DATA_URI.match(written):
        encoding = "base64" if ";base64" in uri[0] else "text"
        written = written[uri.end() :]
    if written.startswith(CLEAR_STARTS):
        encoding = "text"
    elif encoding == "text" and written.startswith(("JVBERi", "PD94bWw")):  # %PDF, <?xml: base64 labelled A
        encoding = "base64"
    try:
        if encoding == "text":
            return _encoded(written)
        return bytes.fromhex(written) if encoding == "hex" else _base64(written)
    except ValueError:
        raise Refusal("AE", "102", location, f"{encoding} data cannot be decoded") from None


def _base64(written: str) -> bytes:
    with suppress(ValueError):  # as most senders write it; each look for what others do costs a tenth of this
        return pybase64.b64decode(written, validate=True)
    compact = written
    if any(sign in written for sign in " \t\r\n"):
        compact = written.translate(BLANKS)
    if "-" in compact or "_" in compact:
        compact = compact.translate(URL_SAFE)
    compact = compact.rstrip("=")  # padding, too little or too much of it
    return pybase64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)


def _encoded(text: str) -> bytes:
    """Text as bytes in the encoding its XML declaration names."""
    declared = XML_ENCODING.match(text[:200])
    try:
        return text.encode(declared[1] if declared else "utf-8")
    except (LookupError, UnicodeEncodeError):
        return text.encode()


def _plain(parts: list[str], data: bytes) -> str:
    """text/plain when the sender says so and no byte contradicts; else unknown."""
    if not any(part.strip().upper() in {"TEXT", "PLAIN", "TX"} for part in parts[1:3]) or b"\0" in data:
        return ""
    try:
        data.decode()
    except UnicodeDecodeError:
        return ""
    return "text/plain"
