"""MSH-18: what the sender's bytes mean (HL70211, and how hospitals write it)."""

from __future__ import annotations

import re

from .errors import Refusal

UTF8_MARK = b"\xef\xbb\xbf"

# After upper case and without blanks, dashes, underscores, slashes and dots.
CODECS = {
    "UNICODEUTF8": "utf-8", "UTF8": "utf-8", "UNICODE": "utf-8", "ISOIR192": "utf-8", "65001": "utf-8",
    "CP1250": "cp1250", "WINDOWS1250": "cp1250", "WIN1250": "cp1250", "1250": "cp1250",
    "CP1251": "cp1251", "WINDOWS1251": "cp1251", "WIN1251": "cp1251", "1251": "cp1251",
    "CP1252": "cp1252", "WINDOWS1252": "cp1252", "WIN1252": "cp1252", "1252": "cp1252", "ANSI": "cp1252",
    "LATIN1": "iso8859-1", "LATIN2": "iso8859-2", "ISOIR100": "iso8859-1", "ISOIR101": "iso8859-2",
    "ISOIR109": "iso8859-3", "ISOIR110": "iso8859-4", "ISOIR144": "iso8859-5", "ISOIR126": "iso8859-7",
    **{f"{prefix}8859{part}": f"iso8859-{part}" for prefix in ("", "ISO") for part in range(1, 17) if part != 12},
}  # fmt: skip
UNSAID = {"", "ASCII", "USASCII", "ISOIR6", "7BIT"}  # the site's default: ASCII itself is part of each
NOISE = re.compile(r"[\s_/.-]+")
WINDOWS_ONLY = re.compile(rb"[\x80-\x9f]")


def codec_of(label: str) -> str | None:
    """Python's name of a charset; "" when the label says nothing, None when nobody knows it."""
    key = NOISE.sub("", label).upper()
    return "" if key in UNSAID else CODECS.get(key)


def chosen(label: str, *, override: str, default: str, marked: bool) -> str | None:
    """The codec to read a message with: the peer's own > byte order mark > MSH-18 > the site's default.

    label: MSH-18, its first repetition (ISO 2022 switching is not supported). None: unknown label.
    """
    if override:
        return codec_of(override) or "utf-8"
    if marked:
        return "utf-8"
    declared = codec_of(label)
    return (codec_of(default) or "utf-8") if declared == "" else declared


def decoded(raw: bytes, codec: str | None) -> str:
    """Text of a whole message. Raises Refusal AE 102 (bytes that are not of this charset), 103 (unknown)."""
    try:
        return raw.decode(codec or "ascii")
    except UnicodeDecodeError:
        if codec is None:
            raise Refusal("AE", "103", "MSH^1^18", "unknown character set") from None
        raise Refusal("AE", "102", "MSH^1^18", "bytes do not fit the character set") from None


def looks_mislabelled(raw: bytes, codec: str | None) -> bool:
    """8859 has no letters at 80-9F, CP1250 and UTF-8 have: hospitals confuse them."""
    return bool(codec and codec.startswith("iso8859") and WINDOWS_ONLY.search(raw))


def guessed(raw: bytes) -> str:
    """Hexadecimal escapes that do not fit the message's charset: Polish one-byte text of old systems."""
    windows = WINDOWS_ONLY.search(raw) or b"\xa5" in raw or b"\xb9" in raw
    return raw.decode("cp1250" if windows else "iso8859-2", "replace")
