"""Data types (chapter 2.A) as values: times, identifiers, names, codes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from .facts import Identifier
from .segments import Value

DTM = re.compile(
    r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})?(\d{2})?(?:\.(\d{1,6})\d*)?)?\s*([+-]\d{2}:?\d{2})?", re.ASCII
)
EARLIEST, LATEST = 1850, 2200  # outside, arithmetic with zones may leave the calendar
LONGEST_IDENTIFIER = 128
UID = re.compile(r"[0-9]+(?:\.[0-9]+)+", re.ASCII)

PESEL_ISSUER = "2.16.840.1.113883.3.4424.1.1.616"
PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)


def moment(text: str, zone: tzinfo) -> datetime | None:
    """TS / DTM with at least a day; aware, in the sender's zone or else the one given. None: not a time."""
    found = DTM.fullmatch(text.strip())
    if not found or not found[3]:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if not EARLIEST <= year <= LATEST:
        return None
    microsecond = int((found[7] or "0").ljust(6, "0"))
    try:
        own = _zone(found[8]) if found[8] else zone
        return datetime(year, month, day, hour, minute, min(second, 59), microsecond, tzinfo=own)
    except ValueError:
        return None


def _zone(text: str) -> tzinfo:
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset) if offset else UTC


def day(text: str) -> date | None:
    """The day as written (DT, TS): a birth date does not move with the zone."""
    found = DTM.fullmatch(text.strip())
    if not found or not found[3] or not EARLIEST <= int(found[1]) <= LATEST:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def cx(value: Value) -> Identifier | None:
    """CX: an identifier and who gave it. None when it says nothing or is longer than any is."""
    number = value.part(1, limit=LONGEST_IDENTIFIER + 1)
    if not number or len(number) > LONGEST_IDENTIFIER:
        return None
    namespace, universal = value.part(4, 1, limit=128), value.part(4, 2, limit=128)
    return Identifier(number, universal or namespace, namespace, value.part(5, limit=16))


def ei(value: Value) -> Identifier | None:
    """EI: an order, accession or document number and who gave it."""
    number = value.part(1, limit=LONGEST_IDENTIFIER + 1)
    if not number or len(number) > LONGEST_IDENTIFIER:
        return None
    namespace, universal = value.part(2, limit=128), value.part(3, limit=128)
    return Identifier(number, universal or namespace, namespace)


def is_pesel(number: str) -> bool:
    """Eleven digits whose check digit is right."""
    if not re.fullmatch(r"\d{11}", number, re.ASCII):
        return False
    return sum(int(digit) * weight for digit, weight in zip(number, PESEL_WEIGHTS, strict=True)) % 10 == 0


def pesel(number: str) -> Identifier:
    return Identifier(number, PESEL_ISSUER, "PESEL", "NNPOL")


def name(values: list[Value]) -> tuple[str, str]:
    """XPN: family and given name; the legal one (type L) of several, else the first that says anything."""
    said = [value for value in values if value.part(1) or value.part(2)]
    legal = [value for value in said if value.part(7) == "L"]
    chosen = (legal or said)[:1]
    return (chosen[0].part(1), chosen[0].part(2)) if chosen else ("", "")


def professional(value: Value) -> str:
    """XCN: "dr n. med. Jan Nowak". Also a name in sub-components (NDL of OBR-32); a bare number is no name."""
    if value.dialect.separators.subcomponent in value.component(1):
        family, given, prefix = value.part(1, 2), value.part(1, 3), value.part(1, 6)
    else:
        family, given, prefix = value.part(2), value.part(3), value.part(6)
    alone = value.part(1)
    if not (family or given) and alone and not any(sign.isdigit() for sign in alone):
        family = alone
    return " ".join(filter(None, (prefix, given, family)))[:200]


def code(value: Value) -> tuple[str, str]:
    """CE / CWE: code and text; the alternative ones where the first are missing."""
    identifier = value.part(1, limit=64) or value.part(4, limit=64)
    return identifier, value.part(2) or value.part(5) or value.part(9) or identifier


def authority(value: Value) -> str:
    """HD: the namespace, else the universal id."""
    return value.part(1, limit=180) or value.part(2, limit=180)


def uid(text: str) -> str:
    """A DICOM UID; "" for anything else."""
    return text if len(text) <= 64 and UID.fullmatch(text) else ""
