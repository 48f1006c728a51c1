"""ORU^R01: reports in all their versions (hospital-integration.md 2.5)."""

from __future__ import annotations

from dataclasses import replace

from klisza.examinations.models import Examination
from klisza.examinations.services import file_report, orders
from klisza.examinations.services.matching import OfAnotherPatient
from klisza.gateways.hl7v2.context import Context, Held
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Content, ProcedureStep, Result, Results

from . import enclosures
from .whose import patient_of

AWAITED = frozenset("OISAR")  # OBR-25: no report yet
NOT_BEGUN = frozenset("OS")  # ordered or scheduled: performed only where a time of performance says so
FINAL = frozenset("FC")
KNOWN = FINAL | frozenset("PX")


def apply(content: Content, context: Context) -> None:
    """Raises Held: unknown patient, another birth date, or numbers of somebody else's order."""
    assert isinstance(content, Results)  # noqa: S101 - the router chose by type
    patient = patient_of(content.person, context)
    is_foreign = False
    for result in content.results:
        try:
            _apply(result, patient, context)
        except OfAnotherPatient:
            is_foreign = True
    if is_foreign:
        raise Held(content.person.identifiers[0], "accession_of_other_patient")


def _apply(result: Result, patient: Patient, context: Context) -> None:
    examinations = [_examination(step, result, patient, context) for step in _steps(result)]
    if result.status not in AWAITED and examinations:
        _file(result, list({one.pk: one for one in examinations}.values()), patient, context)


def _steps(result: Result) -> list[ProcedureStep]:
    """A study that the report names belongs to its only procedure; of several nobody knows whose it is."""
    steps = list(result.steps)
    if len(steps) == 1 and result.study_instance_uids and not steps[0].study_instance_uid:
        steps = [replace(steps[0], study_instance_uid=result.study_instance_uids[0])]
    if result.status in NOT_BEGUN:
        steps = [step if step.performed_at else replace(step, status="planned") for step in steps]
    return steps


def _examination(step: ProcedureStep, result: Result, patient: Patient, context: Context) -> Examination:
    """Raises OfAnotherPatient."""
    return orders.examination_for(
        patient=patient,
        step=step,
        stamp=result.stamp,
        issuer=context.default_issuer,
        origin=context.origin,
        by=context.by,
        quiet=context.quiet,
        adds_to=result.parent_key if _is_supplement(result) and not _is_own(result.parent_key, step) else "",
    )


def _is_own(number: str, step: ProcedureStep) -> bool:
    """The first report of the same procedure."""
    named = (step.filler_number, step.placer_number, step.accession_number)
    return any(one is not None and one.value == number for one in named)


def _file(result: Result, examinations: list[Examination], patient: Patient, context: Context) -> None:
    def tell(kind: str, detail: str = "") -> None:
        context.work(kind, patient=patient, examination=examinations[0], detail=detail)

    status = _status(result)
    if result.status not in KNOWN:
        tell("status_unknown")
    is_withdrawal = status == "X"
    kept = [] if is_withdrawal else enclosures.readable(result.attachments, tell)
    if not is_withdrawal:
        enclosures.refuse_pointers(result.pointers, tell)
    sections = () if is_withdrawal else result.sections
    if not (is_withdrawal or kept or sections):
        context.warn("a report without anything to read")
        return
    is_wrong_patient = is_withdrawal and "W" in result.observation_statuses
    if is_wrong_patient:
        tell("wrong_patient")
    file_report(
        patient=patient,
        examinations=examinations,
        key=_key(result.key, context),
        parent_key=_key(result.parent_key, context) if _is_supplement(result) else "",
        status=status,
        stamp=result.stamp,
        issued_at=result.stamp.at,
        sections=sections,
        enclosures=kept,
        signed_by=result.interpreter,
        is_wrong_patient=is_wrong_patient,
        source="oru",
        origin=context.origin,
        by=context.by,
        quiet=context.quiet,
    )


def _status(result: Result) -> str:
    """P F C A X of OBR-25 held against OBX-11. What is not known is treated as preliminary: never shown."""
    said = result.observation_statuses
    if result.status == "X" or "W" in said or (said and said <= {"D", "X"}):
        return "X"
    if result.status not in FINAL:
        return "P"
    if said and not said & {"F", "C", "A", "U"} and said & {"P", "R", "S", "I"}:
        return "P"
    if result.is_addendum and not _is_supplement(result) and (result.status == "F" or said == {"A"}):
        return "A"
    return "C" if result.status == "C" or "C" in said else "F"


def _is_supplement(result: Result) -> bool:
    """It has a name of its own, under which it is corrected and withdrawn."""
    return bool(result.is_addendum and result.parent_key and result.parent_key != result.key)


def _key(key: str, context: Context) -> str:
    return f"{context.default_issuer}|{key}"
