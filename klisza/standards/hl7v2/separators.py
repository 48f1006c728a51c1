"""MSH-1 and MSH-2: every message says itself how it is divided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import AnyStr

from .errors import Refusal

USUAL = "^~\\&"
NOT_SEPARATORS = '"'
LONG = 1024  # from here on it is worth looking for the next sign
FEW = 64


@dataclass(frozen=True)
class Separators:
    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""  # since 2.7
    written: str = USUAL  # MSH-2 as it came


def found(line: bytes) -> Separators:
    """Of an MSH segment. Lenient: a short MSH-2 is completed, a doubled escape character counts once.

    Raises Refusal AE 101 at MSH^1^1 / MSH^1^2: letters or digits stand where separators should.
    """
    text = line[:64].decode("latin-1")
    field = text[3:4]
    if not _may_separate(field):
        raise Refusal("AE", "101", "MSH^1^1", "no field separator")
    written = text[4:].split(field, 1)[0].strip()
    signs = written.replace("\\\\", "\\")
    if len(signs) > 5 or not all(map(_may_separate, signs)):
        raise Refusal("AE", "101", "MSH^1^2", "no encoding characters")
    signs = signs[:4] + USUAL[len(signs[:4]) :] + signs[4:5]
    if len({field, *signs[:4]}) < 5:
        raise Refusal("AE", "102", "MSH^1^2", "encoding characters are not different")
    return Separators(field, signs[0], signs[1], signs[2], signs[3], signs[4:5], written)


def _may_separate(sign: str) -> bool:
    return "\x20" < sign < "\x7f" and not sign.isalnum() and sign not in NOT_SEPARATORS


def divided(text: AnyStr, sign: AnyStr, most: int = -1) -> list[AnyStr]:
    """As `split` at a single sign, which looks at each letter by itself: in a file of 80 KB `find` needs a twentieth."""
    if len(text) < LONG:
        return text.split(sign, most)
    found: list[AnyStr] = []
    start = 0
    while len(found) != most and (end := text.find(sign, start)) >= 0:
        if len(found) == FEW:  # no long pieces: base64 in short lines
            found.extend(text[start:].split(sign, most - FEW if most > 0 else -1))
            return found
        found.append(text[start:end])
        start = end + 1
    found.append(text[start:])
    return found
