"""Escape sequences (chapter 2.7): to plain text when reading, away from separators when writing.

What a sequence cannot be understood stays text. No sequence can make a segment: segments are found before.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from .charsets import guessed

if TYPE_CHECKING:
    from .separators import Separators

HEXADECIMAL = re.compile(r"X(?:[0-9A-Fa-f]{2})+")
FORMATTING = re.compile(r"\.(br|sp|sk|in|ti|fi|nf|ce)\s*([+-]?\d{0,3})", re.IGNORECASE)
SILENT = re.compile(r"[HN]|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?|Z[^|]{0,32}")
MOST_BLANK_LINES = 4
MOST_BLANKS = 16

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they turn the text that follows around
MARKS = "\u061c\u200e\u200f\u200b\u2060\ufeff"  # invisible: two equal-looking names would differ
_LINES = {ord(sign): "\n" for sign in "\r\x0b\x0c\x85\u2028\u2029"}
_CONTROLS = {code: " " for code in (*range(9), *range(14, 32), 127, *range(128, 160)) if code != 0x85}
TEXT = {**_CONTROLS, 9: " ", **_LINES, **dict.fromkeys(map(ord, BIDI + "\ufeff"), "")}
NO_MARKS = dict.fromkeys(map(ord, MARKS), "")
BLANKS = re.compile(r"\s+")


def plain(text: str) -> str:
    """Text of a report: line feeds stay, other controls become spaces, text direction is not overridden."""
    return text.replace("\r\n", "\n").translate(TEXT)


def one_line(text: str, limit: int = 200) -> str:
    """A name, a code, a title: composed letters, single spaces, nothing invisible."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()[:limit]
    shown = plain(text).translate(NO_MARKS)
    return BLANKS.sub(" ", unicodedata.normalize("NFC", shown)).strip()[:limit].strip()


def unescaped(text: str, separators: Separators, codec: str) -> str:
    """Sequences of the message's own escape character become what they mean."""
    escape = separators.escape
    if escape not in text:
        return text
    parts: list[str] = []
    start, hexadecimal = 0, bytearray()
    while (opening := text.find(escape, start)) >= 0:
        closing = text.find(escape, opening + 1)
        if closing < 0:
            break
        token = text[opening + 1 : closing]
        if opening > start and hexadecimal:
            parts.append(_of_bytes(hexadecimal, codec))
        parts.append(text[start:opening])
        start = closing + 1
        if HEXADECIMAL.fullmatch(token):  # a letter of two bytes may be two sequences: \XC5\\X81\
            hexadecimal += bytes.fromhex(token[1:])
            continue
        if hexadecimal:
            parts.append(_of_bytes(hexadecimal, codec))
        meaning = _meaning(token, separators)
        if meaning is None:
            parts.append(escape + token)
            start = closing  # it may open the next sequence
        else:
            parts.append(meaning)
    if hexadecimal:
        parts.append(_of_bytes(hexadecimal, codec))
    return "".join([*parts, text[start:]])


def _of_bytes(hexadecimal: bytearray, codec: str) -> str:
    """The collected bytes as text; empties the collection."""
    raw = bytes(hexadecimal)
    hexadecimal.clear()
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return guessed(raw)


def _meaning(token: str, separators: Separators) -> str | None:
    known = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
        "P": separators.truncation or "#",
    }
    if token in known:
        return known[token]
    if formatting := FORMATTING.fullmatch(token):
        return _formatted(formatting[1].lower(), formatting[2])
    return "" if SILENT.fullmatch(token) else None


def _formatted(command: str, number: str) -> str:
    count = abs(int(number)) if number.strip("+-") else 1
    if command in {"br", "ce"}:
        return "\n"
    if command == "sp":
        return "\n" * min(max(count, 1), MOST_BLANK_LINES)
    return " " * min(count, MOST_BLANKS) if command == "sk" else ""


def escaped(text: str, separators: Separators) -> str:
    """Text for one sub-component of an answer: separators escaped, controls gone."""
    letters = {
        separators.escape: "E",
        separators.field: "F",
        separators.component: "S",
        separators.subcomponent: "T",
        separators.repetition: "R",
    }
    wrapped = {
        ord(sign): f"{separators.escape}{letter}{separators.escape}" for sign, letter in letters.items()
    }
    return one_line(text, 500).translate(wrapped)
