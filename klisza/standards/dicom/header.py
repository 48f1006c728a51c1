"""What the archive's index keeps of one instance; names are the standard's keywords in snake case."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time

from .errors import Unreadable
from .inflate import inflated
from .scan import (
    ACCESSION_ISSUER,
    LOCAL_ENTITY,
    NESTED,
    QUALIFIERS,
    UNIVERSAL_ENTITY,
    Buffer,
    PixelData,
    Scan,
    scan,
)
from .text import decode
from .uids import DEFLATED_LE, EXPLICIT_BE, IMPLICIT_LE

SPECIFIC_CHARACTER_SET = 0x00080005
TEXT = {
    "accession_number": 0x00080050, "study_description": 0x00081030, "study_id": 0x00200010,
    "institution_name": 0x00080080, "patient_name": 0x00100010, "patient_id": 0x00100020,
    "issuer_of_patient_id": 0x00100021, "patient_sex": 0x00100040, "modality": 0x00080060,
    "series_description": 0x0008103E, "body_part_examined": 0x00180015, "laterality": 0x00200060,
    "station_name": 0x00081010,
}  # fmt: skip
UIDS = {
    "sop_class_uid": 0x00080016, "sop_instance_uid": 0x00080018,
    "study_instance_uid": 0x0020000D, "series_instance_uid": 0x0020000E,
}  # fmt: skip
STUDY_DATE, STUDY_TIME, BIRTH_DATE = 0x00080020, 0x00080030, 0x00100030
SERIES_NUMBER, INSTANCE_NUMBER, NUMBER_OF_FRAMES = 0x00200011, 0x00200013, 0x00280008
ROWS, COLUMNS = 0x00280010, 0x00280011
ACCESSION_NUMBER = TEXT["accession_number"]

WANTED = frozenset((
    SPECIFIC_CHARACTER_SET, STUDY_DATE, STUDY_TIME, BIRTH_DATE, SERIES_NUMBER, INSTANCE_NUMBER,
    NUMBER_OF_FRAMES, ROWS, COLUMNS, *TEXT.values(), *UIDS.values(), *NESTED,
))  # fmt: skip

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
LARGEST_INTEGER = 2**31 - 1  # IS, PS3.5 6.2


@dataclass(frozen=True)
class Header:
    """Texts are decoded and trimmed, empty when absent; dates and numbers None when absent or malformed.

    requested_accessions: (number, issuer) of each requested procedure (0040,0275), sorted; accession_number is
    the first of them when the object has none of its own. An issuer is the universal id, else the local name.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    universal_entity_id: str
    patient_name: str
    patient_sex: str
    patient_birth_date: date | None
    accession_number: str
    accession_issuer: str
    requested_accessions: tuple[tuple[str, str], ...]
    study_description: str
    study_id: str
    study_date: date | None
    study_time: time | None
    institution_name: str
    modality: str
    series_description: str
    series_number: int | None
    body_part_examined: str
    laterality: str
    station_name: str
    instance_number: int | None
    rows: int
    columns: int
    number_of_frames: int
    pixel_data: PixelData | None


def read_header(data: Buffer, transfer_syntax_uid: str, *, charset: str = "") -> Header:
    """Scan a data set as it travels (deflated: inflated within limits). charset: of unlabelled text.

    Raises Unreadable.
    """
    if transfer_syntax_uid == EXPLICIT_BE:
        raise Unreadable("Explicit VR Big Endian is not taken over the network; klisza import converts it")
    if transfer_syntax_uid == DEFLATED_LE:
        with inflated(data) as clear:
            return _header(scan(clear, implicit=False, wanted=WANTED), charset)
    return _header(scan(data, implicit=transfer_syntax_uid == IMPLICIT_LE, wanted=WANTED), charset)


def _header(found: Scan, override: str) -> Header:
    values = found.values
    labelled = values.get(SPECIFIC_CHARACTER_SET, b"")

    def text(raw: bytes) -> str:
        return decode(raw, labelled, override=override)

    texts = {name: text(values.get(tag, b"")) for name, tag in TEXT.items()}
    requested = _requested(found, text)
    accession = texts.pop("accession_number"), _issuer(found, text)
    number, issuer = accession if accession[0] or not requested else requested[0]
    return Header(
        **texts,
        accession_number=number,
        accession_issuer=issuer,
        requested_accessions=requested,
        **{name: _uid(values.get(tag, b"")) for name, tag in UIDS.items()},
        universal_entity_id=text(found.nested.get((QUALIFIERS, UNIVERSAL_ENTITY), b"")),
        patient_birth_date=_date(values.get(BIRTH_DATE, b"")),
        study_date=_date(values.get(STUDY_DATE, b"")),
        study_time=_time(values.get(STUDY_TIME, b"")),
        series_number=_integer(values.get(SERIES_NUMBER, b"")),
        instance_number=_integer(values.get(INSTANCE_NUMBER, b"")),
        rows=_short(values.get(ROWS, b"")),
        columns=_short(values.get(COLUMNS, b"")),
        number_of_frames=_frames(found, values.get(NUMBER_OF_FRAMES, b"")),
        pixel_data=found.pixel_data,
    )


def _requested(found: Scan, text: Callable[[bytes], str]) -> tuple[tuple[str, str], ...]:
    """Sorted, so that the order in which a modality lists the procedures changes nothing."""
    pairs = set()
    for item in found.requests:
        if number := text(item.get(ACCESSION_NUMBER, b"")):
            issuer = text(item.get(UNIVERSAL_ENTITY, b"")) or text(item.get(LOCAL_ENTITY, b""))
            pairs.add((number, issuer))
    return tuple(sorted(pairs))


def _issuer(found: Scan, text: Callable[[bytes], str]) -> str:
    """Of the object's own accession number."""
    universal = text(found.nested.get((ACCESSION_ISSUER, UNIVERSAL_ENTITY), b""))
    return universal or text(found.nested.get((ACCESSION_ISSUER, LOCAL_ENTITY), b""))


def _uid(raw: bytes) -> str:
    return raw.decode("latin-1").strip("\0 ")


def _ascii(raw: bytes) -> str:
    return raw.decode("latin-1").split("\\")[0].strip("\0 ")


def _date(raw: bytes) -> date | None:
    """DA, also in the dotted form of ACR-NEMA."""
    match = _DATE.fullmatch(_ascii(raw))
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def _time(raw: bytes) -> time | None:
    match = _TIME.fullmatch(_ascii(raw))
    if not match:
        return None
    hour, minute, second, fraction = match.groups()
    try:
        return time(int(hour), int(minute or 0), int(second or 0), int((fraction or "").ljust(6, "0")))
    except ValueError:
        return None


def _integer(raw: bytes) -> int | None:
    text = _ascii(raw)
    if not text.lstrip("+-").isdecimal() or len(text) > 12:
        return None
    number = int(text) if text.count("+") + text.count("-") <= 1 else 0
    return number if abs(number) <= LARGEST_INTEGER else None


def _short(raw: bytes) -> int:
    """US; another length means another VR, which no reader agrees on (R25)."""
    return int.from_bytes(raw, "little") if len(raw) == 2 else 0


def _frames(found: Scan, raw: bytes) -> int:
    if found.pixel_data is None:
        return 0
    return max(1, _integer(raw) or 1)
