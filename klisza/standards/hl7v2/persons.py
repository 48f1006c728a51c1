"""PID with PD1, ARV and NK1: who the message is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from . import telecom, types
from .errors import Refusal
from .facts import Contact, Identifier, Person
from .reading import Reading
from .segments import Segment, Value

SEXES = {"F": "F", "M": "M", "O": "O", "A": "O", "N": "O", "X": "O"}  # HL70001; U = not said
# HL70296 is filled with ISO 639 of two and of three letters.
LANGUAGES = {
    "pol": "pl", "ukr": "uk", "eng": "en", "deu": "de", "ger": "de", "rus": "ru", "fra": "fr", "fre": "fr",
    "bel": "be", "ces": "cs", "cze": "cs", "slk": "sk", "slo": "sk", "lit": "lt", "ita": "it", "spa": "es",
    "vie": "vi", "ara": "ar", "rom": "ro", "ron": "ro", "rum": "ro", "tur": "tr", "zho": "zh", "chi": "zh",
}  # fmt: skip
NOT_RESTRICTED = {"NO", "LOC"}  # HL70717: none; the place of stay only
OPEN_FLAGS = {"Y": True, "N": False}


def person(reading: Reading, pid: Segment | None, others: Sequence[Segment] = ()) -> Person:
    """others: the segments of the same patient group (PD1, ARV, NK1). Raises Refusal AE 101 at PID^n^3."""
    if pid is None:
        raise Refusal("AE", "101", "PID^1^3", "no PID segment")
    numbers = identifiers(reading, pid)
    if not numbers:
        raise Refusal("AE", "101", f"PID^{pid.number}^3", "no patient identifier")
    family, given = types.name(pid.all(5))
    home = [*pid.all(13), *pid.all(40)]
    if telecom.unusable(home):
        reading.warn("PID-13: the e-mail address cannot be one, left out")
    return Person(
        identifiers=numbers,
        family_name=family,
        given_name=given,
        birth_date=_birth_date(reading, pid),
        sex=SEXES.get(pid.part(8).upper(), ""),
        email=telecom.email(home),
        mobile=telecom.mobile(home),
        language=_language(pid.part(15)),
        is_dead=_is_dead(pid),
        died_at=reading.moment(pid, 29),
        is_confidential=_is_confidential(others),
        contacts=tuple(_contacts(segment for segment in others if segment.name == "NK1")),
    )


def identifiers(reading: Reading, pid: Segment) -> tuple[Identifier, ...]:
    """PID-3; in old messages PID-2 and PID-4; PESEL also from PID-19 and PID-2."""
    numbers = _unique(_cx(reading, pid.all(3), "PID-3") or _cx(reading, [*pid.all(2), *pid.all(4)], "PID-2"))
    known = {identifier.value for identifier in numbers}
    for place in (19, 2):
        value = pid.part(place)
        if types.is_pesel(value) and value not in known:
            known.add(value)
            numbers.append(types.pesel(value))
    return tuple(numbers)


def _cx(reading: Reading, values: list[Value], where: str) -> list[Identifier]:
    found = [types.cx(value) for value in values]
    if any(value.part(1) and not identifier for value, identifier in zip(values, found, strict=True)):
        reading.warn(f"{where}: an identifier of more than {types.LONGEST_IDENTIFIER} signs, left out")
    return [identifier for identifier in found if identifier]


def _unique(identifiers: Iterable[Identifier]) -> list[Identifier]:
    return list(dict.fromkeys(identifiers))


def prior(reading: Reading, mrg: Segment) -> tuple[Identifier, ...]:
    """MRG-1, in old messages MRG-4. Raises Refusal AE 101 at MRG^n^1."""
    numbers = _unique(_cx(reading, mrg.all(1), "MRG-1") or _cx(reading, mrg.all(4), "MRG-4"))
    if not numbers:
        raise Refusal("AE", "101", f"MRG^{mrg.number}^1", "no prior patient identifier")
    return tuple(numbers)


def _birth_date(reading: Reading, pid: Segment) -> date | None:
    text = pid.part(7)
    found = types.day(text)
    if text and found is None:
        reading.warn("PID-7: not a day, left out")
    return found


def _language(text: str) -> str:
    language = text.lower().replace("_", "-").split("-")[0]
    return (
        LANGUAGES.get(language, "")
        if len(language) == 3
        else language
        if language in LANGUAGES.values()
        else ""
    )


def _is_dead(pid: Segment) -> bool | None:
    said = OPEN_FLAGS.get(pid.part(30).upper())
    return True if said is None and pid.has(29) else said


def _is_confidential(others: Sequence[Segment]) -> bool | None:
    """PD1-12 and ARV of the person (those after PV1 are of the visit). None: not said."""
    said: bool | None = None
    for segment in others:
        if segment.name == "PV1":
            break
        if segment.name == "PD1":
            said = OPEN_FLAGS.get(segment.part(12).upper(), said)
        elif segment.name == "ARV" and segment.part(2) not in {"D", "X"} and segment.has(3):
            said = bool(said) or segment.part(3).upper() not in NOT_RESTRICTED
    return said


def _contacts(segments: Iterable[Segment]) -> Iterable[Contact]:
    for nk1 in segments:
        family, given = types.name(nk1.all(2))
        if not family:
            continue
        numbers = [*nk1.all(5), *nk1.all(40), *nk1.all(30), *nk1.all(31)]
        found = [types.cx(value) for value in nk1.all(33)]
        yield Contact(
            family_name=family,
            given_name=given,
            relation=nk1.part(3, limit=16),
            email=telecom.email(numbers).replace('""', ""),
            mobile=telecom.mobile(numbers).replace('""', ""),
            identifiers=tuple(identifier for identifier in found if identifier),
        )
