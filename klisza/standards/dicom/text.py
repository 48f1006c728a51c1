"""Text in its character set (PS3.3 C.12.1.1.2, PS3.5 6.1). Never fails: what is unreadable becomes U+FFFD."""

from __future__ import annotations

from pydicom.charset import decode_bytes, python_encoding

DEFAULT = "iso8859"
DELIMITERS = {0x5C, 0x5E, 0x3D, 0x0A, 0x0C, 0x0D}  # where an ISO 2022 escape falls back to the first set


def decode(raw: bytes, charset: bytes = b"", *, override: str = "") -> str:
    """The value as text, without padding, NUL and control characters.

    charset: raw value of SpecificCharacterSet of the same data set.
    override: what the source is known to send although it labels it ISO_IR 100 or not at all.
    """
    declared = [term.strip() for term in charset.decode("ascii", "replace").rstrip("\0 ").split("\\")]
    if override and declared in ([""], ["ISO_IR 100"], ["ISO_IR 6"]):
        declared = override.split("\\")
    encodings = [python_encoding.get(term, DEFAULT) for term in declared] or [DEFAULT]
    return _clean(_decode(raw, encodings))


def _decode(raw: bytes, encodings: list[str]) -> str:
    if b"\x1b" in raw:
        try:
            return decode_bytes(raw, encodings, DELIMITERS)
        except Exception:  # noqa: BLE001 - a wrong escape must not cost us the object; the library raises many kinds
            pass
    return raw.decode(encodings[0], "replace")


def _clean(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()
