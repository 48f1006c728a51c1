"""ORC, OBR, TQ1, IPC, ZDS: requested procedures, the same in orders, results and documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from . import types
from .facts import Identifier, ProcedureStep
from .reading import Reading
from .segments import Segment, Value

# ORC-1 (HL70119): cancelled, discontinued, replaced; asked for or done.
WITHDRAWALS = {"CA", "DC", "OC", "OD", "CR", "DR", "RP", "RU", "RQ"}
CANCELLED = {"CA", "DC", "RP"}  # ORC-5 (HL70038)
COMPLETED = {"CM", "A"}
PERFORMED = {"R", "I", "P", "F", "C", "A"}  # OBR-25 (HL70123): there is something to report on
LONGEST_ACCESSION = 64


@dataclass
class Group:
    """One OBR with the ORC it belongs to and what follows it."""

    orc: Segment | None = None
    obr: Segment | None = None
    more: list[Segment] = field(default_factory=list)

    def all(self, name: str) -> list[Segment]:
        return [segment for segment in self.more if segment.name == name]


def groups(segments: Iterable[Segment]) -> list[Group]:
    """ORC and OBR begin a group; several OBR under one ORC share it."""
    found: list[Group] = []
    current: Group | None = None
    for segment in segments:
        if segment.name == "ORC":
            current = Group(orc=segment)
            found.append(current)
        elif segment.name == "OBR":
            if current is None or current.obr is not None:
                shared = current.orc if current else None
                current = Group(orc=shared)
                found.append(current)
            current.obr = segment
        elif current is not None:
            current.more.append(segment)
    return found


def steps(reading: Reading, group: Group, *, pv1: Segment | None = None) -> list[ProcedureStep]:
    """One step of an OBR; several when its IPC name several accession numbers or studies (OMI)."""
    first = _step(reading, group, pv1)
    images = [_imaged(reading, first, ipc) for ipc in group.all("IPC")]
    distinct = {(step.accession_number, step.study_instance_uid): step for step in reversed(images)}
    return list(reversed(distinct.values())) or [first]


def _step(reading: Reading, group: Group, pv1: Segment | None) -> ProcedureStep:
    orc, obr = group.orc, group.obr
    code, text = _procedure(obr)
    zds = next(iter(group.all("ZDS")), None)
    ward, ward_text = _ward(pv1, orc)
    return ProcedureStep(
        placer_number=_number((obr, 2), (orc, 2)),
        filler_number=_number((obr, 3), (orc, 3)),
        accession_number=accession(reading, obr.first(18), "OBR-18") if obr else None,
        requested_procedure_id=obr.part(19, limit=64) if obr else "",
        scheduled_step_id=obr.part(20, limit=64) if obr else "",
        study_instance_uid=types.uid(zds.part(1)) if zds else "",
        procedure_code=code,
        procedure_text=text,
        modality=obr.part(24, limit=16) if obr else "",
        scheduled_at=_scheduled(reading, group),
        performed_at=reading.moment(obr, 7),
        ward=ward,
        ward_text=ward_text,
        physician=_first_name((obr, 16), (orc, 12)),
        status=_status(orc, obr),
        is_withdrawn=bool(orc and orc.part(1) in WITHDRAWALS),
    )


def _imaged(reading: Reading, step: ProcedureStep, ipc: Segment) -> ProcedureStep:
    said = {
        "accession_number": accession(reading, ipc.first(1), "IPC-1"),
        "requested_procedure_id": ipc.part(2, limit=64),
        "study_instance_uid": types.uid(ipc.part(3)),
        "scheduled_step_id": ipc.part(4, limit=64),
        "modality": ipc.part(5, limit=16),
        "station": ipc.part(9, limit=64) or ipc.part(7, limit=64),  # AE title, else the station's name
    }
    return ProcedureStep(**{**vars(step), **{key: value for key, value in said.items() if value}})


def accession(reading: Reading, value: Value, where: str) -> Identifier | None:
    found = types.ei(value)
    if found and len(found.value) > LONGEST_ACCESSION:
        reading.warn(f"{where}: an accession number of more than {LONGEST_ACCESSION} signs, left out")
        return None
    return found


def _number(*places: tuple[Segment | None, int]) -> Identifier | None:
    found = (types.ei(segment.first(number)) for segment, number in places if segment)
    return next((identifier for identifier in found if identifier), None)


def _first_name(*places: tuple[Segment | None, int]) -> str:
    found = (types.professional(segment.first(number)) for segment, number in places if segment)
    return next(filter(None, found), "")


def _procedure(obr: Segment | None) -> tuple[str, str]:
    """OBR-4, else OBR-44."""
    if obr is None:
        return "", ""
    code, text = types.code(obr.first(4))
    return (code, text) if code or text else types.code(obr.first(44))


def _ward(pv1: Segment | None, orc: Segment | None) -> tuple[str, str]:
    """Who ordered: PV1-3, else ORC-17, else ORC-13."""
    for segment, number, text in ((pv1, 3, 9), (orc, 17, 2), (orc, 13, 9)):
        if segment and (ward := segment.part(number, limit=64)):
            return ward, segment.part(number, text)
    return "", ""


def _scheduled(reading: Reading, group: Group) -> datetime | None:
    """TQ1-7, else the start of OBR-27 or ORC-7 (TQ.4), else OBR-36."""
    for tq1 in group.all("TQ1"):
        if found := reading.moment(tq1, 7):
            return found
    for segment, number, component in ((group.obr, 27, 4), (group.orc, 7, 4), (group.obr, 36, 1)):
        if found := reading.moment(segment, number, component):
            return found
    return None


def _status(orc: Segment | None, obr: Segment | None) -> str:
    control, order, result = (
        orc.part(1) if orc else "",
        orc.part(5) if orc else "",
        obr.part(25) if obr else "",
    )
    if control in WITHDRAWALS or order in CANCELLED:
        return "cancelled"
    return "performed" if order in COMPLETED or result in PERFORMED else "planned"
