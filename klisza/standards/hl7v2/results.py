"""ORU^R01: reports with the procedures they speak of (hospital-integration 2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import types
from .admissions import patient_groups
from .content import WITHDRAWN, Content, content, has_content, studies
from .errors import Refusal
from .facts import ProcedureStep, Result, Results
from .persons import person
from .reading import Reading
from .segments import Segment
from .steps import Group, groups, steps

STATUSES = frozenset("OISARPFCX")  # OBR-25 (HL70123)
MISUSED = {"D": "X", "W": "X"}  # letters of OBX-11 (HL70085) in OBR-25
WITHOUT_USE = {"R30", "R31", "R32", "R40", "R42"}
TRIGGERS = {"R01"} | WITHOUT_USE
SAYS_ADDENDUM = re.compile(r"(addendum|aneks|uzupełnienie|suplement)\b", re.IGNORECASE)


@dataclass
class _Report:
    """OBR that share their OBX."""

    groups: list[Group]
    obx: list[Segment] = field(default_factory=list)

    @property
    def number(self) -> str:
        """Filler number, else accession number, else placer number: of the first OBR that has one."""
        for kind in range(3):
            for group in self.groups:
                if number := _numbers(group)[kind]:
                    return number
        return ""


def _numbers(group: Group) -> tuple[str, str, str]:
    orc, obr = group.orc, group.obr
    either = [
        next((text for segment in (obr, orc) if segment and (text := segment.part(place, limit=128))), "")
        for place in (3, 2)
    ]
    return either[0], obr.part(18, limit=128) if obr else "", either[1]


def results(reading: Reading) -> Iterator[Results]:
    """One for each patient. Raises Refusal AE 100 (no OBR), 101 at PID^n^3 or OBR^n^3, 102 at OBX^n^5."""
    if reading.header.trigger in WITHOUT_USE:
        return
    for patient in list(patient_groups(reading.message.segments)) or [[]]:
        who = person(reading, patient[0] if patient else None, patient[1:])
        reported = [group for group in groups(patient) if group.obr is not None]
        if not reported:
            raise Refusal("AE", "100", "OBR^1", "no OBR segment")
        pv1 = next((segment for segment in patient if segment.name == "PV1"), None)
        found = tuple(_result(reading, report, pv1) for report in _reports(reported))
        yield Results(stamp=reading.stamp(), person=who, results=found)


def _reports(found: list[Group]) -> list[_Report]:
    """Consecutive OBR without text share the text of the next one (or the last one), if their status agrees."""
    reports: list[_Report] = []
    known: dict[str, _Report] = {}
    waiting: list[Group] = []
    for group in found:
        if waiting and not _agree(waiting[-1], group):
            _add(reports, known, _Report(waiting))
            waiting = []
        waiting.append(group)
        if has_content(group.more):
            _add(reports, known, _Report(waiting, list(group.more)))
            waiting = []
    if waiting and reports and _agree(reports[-1].groups[-1], waiting[-1]):
        reports[-1].groups.extend(waiting)
    elif waiting:
        _add(reports, known, _Report(waiting))
    return reports


def _agree(one: Group, other: Group) -> bool:
    first, second = (group.obr.part(25) if group.obr else "" for group in (one, other))
    return first == second or not first or not second


def _add(reports: list[_Report], known: dict[str, _Report], report: _Report) -> None:
    """Texts under the same filler number and status are one report."""
    fillers = [number for group in report.groups if (number := _numbers(group)[0])]
    same = next((known[number] for number in fillers if number in known), None)
    if same and _agree(same.groups[-1], report.groups[-1]):
        same.groups.extend(report.groups)
        same.obx.extend(report.obx)
    else:
        reports.append(report)
        same = report
    known.update(dict.fromkeys(fillers, same))


def _result(reading: Reading, report: _Report, pv1: Segment | None) -> Result:
    first = report.groups[0].obr
    number = report.number
    if not number:
        raise Refusal("AE", "101", f"OBR^{first.number if first else 1}^3", "no filler or accession number")
    named = [step for group in report.groups for step in steps(reading, group, pv1=pv1)]
    said = content(reading, report.obx)
    status, statuses = _status(reading, report, said)
    report_number = _report_number(said)
    parent = _parent(report, number)
    return Result(
        key=f"{number}/{report_number}" if report_number else number,
        stamp=reading.stamp([group.obr for group in report.groups], 22),
        status=status,
        observation_statuses=statuses,
        steps=_performed(named),
        sections=said.sections,
        attachments=said.attachments,
        pointers=said.pointers,
        study_instance_uids=studies(segment for group in report.groups for segment in group.more),
        is_addendum=_is_addendum(said, status, report_number, parent),
        parent_key=parent or (number if report_number else ""),
        performed_at=next((step.performed_at for step in named if step.performed_at), None),
        interpreter=_interpreter(report, said),
    )


def _performed(named: list[ProcedureStep]) -> tuple[ProcedureStep, ...]:
    """Who reports on a procedure says that it was done, whatever becomes of the report."""
    return tuple(dict.fromkeys(replace(step, status="performed", is_withdrawn=False) for step in named))


def _status(reading: Reading, report: _Report, said: Content) -> tuple[str, frozenset[str]]:
    """OBR-25 held against OBX-11: what is withdrawn or preliminary in either place is never shown."""
    found = [group.obr.part(25).upper() for group in report.groups if group.obr and group.obr.has(25)]
    written = found[-1] if found else ""
    statuses = frozenset(said.statuses)
    if written in MISUSED:
        reading.warn(f"OBR-25: {written} is a status of OBX-11, read as X")
        return MISUSED[written], statuses | {written}
    if written not in STATUSES:
        reading.warn("OBR-25: no status of the report" if not written else "OBR-25: an unknown status")
        return "", statuses
    if statuses and statuses <= WITHDRAWN and written != "X":
        reading.warn("OBX-11: all text is withdrawn, read as X")
        return "X", statuses
    if statuses == {"P"} and written in {"F", "C"}:
        reading.warn("OBX-11: all text is preliminary, read as P")
        return "P", statuses
    return written, statuses


def _report_number(said: Content) -> str:
    """OBX-4 when all that is said has the same: the second report on, one procedure has several."""
    numbers = set(said.sub_ids)
    if len(numbers) != 1 or len(said.sub_ids) < len(said.statuses):
        return ""
    (number,) = numbers
    if number.isascii() and number.isdigit():
        return str(int(number)) if int(number) > 1 else ""
    return number if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", number) else ""


def _parent(report: _Report, number: str) -> str:
    """OBR-29 (EIP): filler number of the parent, else its placer number; itself is no parent."""
    for group in report.groups:
        if group.obr and (parent := group.obr.part(29, 2, limit=128) or group.obr.part(29, 1, limit=128)):
            return parent if parent != number else ""
    return ""


def _is_addendum(said: Content, status: str, report_number: str, parent: str) -> bool:
    marked = bool(said.statuses) and set(said.statuses) == {"A"}
    spoken = status not in {"X", ""} and bool(SAYS_ADDENDUM.match(said.text))
    return marked or spoken or bool(parent) or report_number.isdigit()


def _interpreter(report: _Report, said: Content) -> str:
    """OBR-32, in 2.7 and later PRT with the role PI, else OBX-16."""
    obrs = [group.obr for group in report.groups if group.obr]
    interpreters = [types.professional(obr.first(32)) for obr in obrs]
    parts = [segment for group in report.groups for segment in group.all("PRT") if segment.part(4) == "PI"]
    parted = [types.professional(segment.first(5)) for segment in parts]
    return next(filter(None, [*interpreters, *parted, *said.observers]), "")
