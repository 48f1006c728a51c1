"""An object put aside beside what it is in conflict with, for staff."""

from __future__ import annotations

from dataclasses import dataclass

from klisza.archive.models import Quarantined, Study
from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs
from klisza.standards.dicom.errors import Unreadable
from klisza.standards.dicom.header import Header, read_header
from klisza.standards.dicom.part10 import split
from klisza.standards.dicom.sameness import essence

from .mapped import mapped
from .store import Source, issuer_of
from .waiting import source_named

OF_THE_PATIENT = ("patient_id", "issuer", "patient_name", "patient_birth_date", "patient_sex")
OF_THE_STUDY = (
    "accession_number", "study_description", "study_date", "study_time", "study_id", "institution_name",
)  # fmt: skip
OF_THE_IMAGE = (
    "modality", "series_description", "series_number", "body_part_examined", "laterality", "station_name",
    "instance_number", "rows", "columns", "number_of_frames", "sop_class_uid", "study_instance_uid",
    "series_instance_uid",
)  # fmt: skip
READ = tuple(name for name in (*OF_THE_PATIENT, *OF_THE_STUDY, *OF_THE_IMAGE) if name != "issuer")
MOST_BYTES = 256 * 1024 * 1024  # somebody waits for the page; larger contents are not compared


@dataclass(frozen=True)
class Difference:
    """One thing that the two objects say differently."""

    name: str
    stored: object
    came: object


@dataclass(frozen=True)
class Comparison:
    """is_readable: whether what was put aside could be read at all, so that there is something to compare.

    same_content: the pictures (or the text of a report) are the same; None = not looked at.
    """

    is_readable: bool
    differences: tuple[Difference, ...] = ()
    same_content: bool | None = None


@dataclass(frozen=True)
class _Read:
    said: dict[str, object]
    essence: str


def compare(row: Quarantined) -> Comparison:
    """Raises Unavailable when the storage is away."""
    came = _read(row.blob_id, row.source) if row.kind != "unreadable" else None
    if came is None:
        return Comparison(is_readable=False)
    if row.instance is None:
        return Comparison(True, _differences(_of_study(row.study), came.said))
    stored = _read(row.instance.blob_id, row.instance.source)
    if stored is None:
        return Comparison(True)
    same = stored.essence == came.essence if stored.essence and came.essence else None
    return Comparison(True, _differences(stored.said, came.said), same)


def _differences(stored: dict[str, object], came: dict[str, object]) -> tuple[Difference, ...]:
    return tuple(Difference(name, value, came[name]) for name, value in stored.items() if value != came[name])


def _of_study(study: Study | None) -> dict[str, object]:
    return {name: getattr(study, name) for name in (*OF_THE_PATIENT, *OF_THE_STUDY)} if study else {}


def _read(key: str | None, sender: str) -> _Read | None:
    """None when it cannot be read: damaged where the door had not looked."""
    if not key:
        return None
    source = source_named(sender)
    try:
        with blobs.open_path(key).open("rb") as file, mapped(file) as view:
            found = split(view)
            with view[found.offset :] as dataset:
                header = read_header(dataset, found.transfer_syntax_uid, charset=source.charset)
                small = len(dataset) <= MOST_BYTES
                digest = essence(dataset, found.transfer_syntax_uid) if small else ""
    except Unreadable:
        return None
    except OSError as fault:
        raise Unavailable("storage") from fault
    return _Read(_said(header, source), digest)


def _said(header: Header, source: Source) -> dict[str, object]:
    texts: dict[str, object] = {name: getattr(header, name) for name in READ}
    return texts | {"issuer": issuer_of(header, source)}
