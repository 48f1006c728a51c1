"""Text in its character set (PS3.3 C.12.1.1.2, PS3.5 6.1). Never fails: what is unreadable becomes U+FFFD."""

from __future__ import annotations

import codecs
import re

from pydicom.charset import decode_bytes, python_encoding

DEFAULT = "iso8859"
UTF8 = "ISO_IR 192"
DELIMITERS = {0x5C, 0x5E, 0x3D, 0x0A, 0x0C, 0x0D}  # where an ISO 2022 escape falls back to the first set
# Labels that say nothing: devices put them on whatever their operating system writes.
MEANINGLESS = ("", "ISO_IR 6", "ISO_IR 100")
_MISSPELT = re.compile(r"ISO[-_ ]?(IR|2022[-_ ]?IR)[-_ ]?([0-9]{1,3})", re.IGNORECASE)


def decode(raw: bytes, charset: bytes = b"", *, override: str = "") -> str:
    """The value as text, without padding, NUL and control characters.

    charset: raw value of SpecificCharacterSet of the same data set.
    override: what the source is known to send although it labels it ISO_IR 100 or not at all; a DICOM term
    or the name of a code page such as windows-1250. A code page that DICOM does not have counts before any label
    but UTF-8, and before that too when the bytes are not UTF-8.
    """
    declared = [term.strip() for term in charset.decode("ascii", "replace").rstrip("\0 ").split("\\")]
    if override and _is_overruled(declared, raw, override):
        declared = override.split("\\")
    encodings = [encoding_of(term) or DEFAULT for term in declared] or [DEFAULT]
    return _clean(_decode(raw, encodings))


def encoding_of(term: str) -> str:
    """Python's name of a DICOM term, well or badly spelt, or of a code page; "" when there is none."""
    if term in python_encoding:
        return str(python_encoding[term])
    if match := _MISSPELT.fullmatch(term):
        kind = "ISO 2022 IR" if match[1].startswith("2022") else "ISO_IR"
        return str(python_encoding.get(f"{kind} {int(match[2])}", ""))
    try:
        found = codecs.lookup(term) if term and "\0" not in term else None
    except LookupError:
        return ""
    # Others, such as rot13 or zip, are no character sets.
    return found.name if found and found._is_text_encoding else ""


def _is_overruled(declared: list[str], raw: bytes, override: str) -> bool:
    if declared == [UTF8]:
        return not _is_utf8(raw)
    foreign = override.split("\\", maxsplit=1)[0] not in python_encoding
    return len(declared) == 1 and (declared[0] in MEANINGLESS or foreign)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(raw: bytes, encodings: list[str]) -> str:
    if b"\x1b" in raw:
        try:
            return decode_bytes(raw, encodings, DELIMITERS)
        except Exception:  # noqa: BLE001 - a wrong escape must not cost us the object; the library raises many kinds
            pass
    return raw.decode(encodings[0], "replace")


def _clean(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()
