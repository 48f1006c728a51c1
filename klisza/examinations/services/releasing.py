"""What the pure decision (examinations/release.py) needs to know of one examination, out of the rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from klisza.archive.models import Series, Study
from klisza.examinations import queries, release
from klisza.examinations.models import (
    Examination,
    ReleaseDecision,
    ReleaseRule,
    ReportVersion,
)
from klisza.examinations.release import Known, Policy, Release, Side, strictest
from klisza.patients import queries as patients

FINAL = ("F", "C", "A")


def decide(examination: Examination, studies: Iterable[Study]) -> Release:
    """When this examination's images and report open.

    Also sets `first_final_at`, from which it is counted. What it shares with other examinations (a study with
    two accessions, a report dictated for two) opens when the last of them does. studies: its shown ones.
    """
    rules = list(ReleaseRule.objects.all())
    examination.first_final_at = _first_final_at(examination)
    own = _own(examination, rules)
    images = [_own(other, rules).images for other in sharing_studies(examination, studies)]
    report = [_own(other, rules).report for other in sharing_reports(examination)]
    return Release(strictest([own.images, *images]), strictest([own.report, *report]))


def _first_final_at(examination: Examination) -> datetime | None:
    """Corrections inherit it, also when the first one was taken back."""
    finals = ReportVersion.objects.filter(
        report__examinations=examination, status__in=FINAL, is_wrong_patient=False
    )
    # A report from the future is a clock that goes wrong.
    moments = [min(*moment) for moment in finals.values_list("stated_at", "received_at")]
    return min(moments, default=None)


def shared_with(examination: Examination) -> set[uuid.UUID]:
    """Examinations that open together with this one."""
    studies = Study.objects.filter(pk__in=queries.study_ids(examination))
    others = [*sharing_studies(examination, studies), *sharing_reports(examination)]
    return {other.pk for other in others}


def sharing_studies(examination: Examination, studies: Iterable[Study]) -> list[Examination]:
    linked = Examination.objects.filter(study_links__study__in=[study.pk for study in studies])
    return list(linked.exclude(pk=examination.pk).distinct().order_by("pk"))


def sharing_reports(examination: Examination) -> list[Examination]:
    linked = Examination.objects.filter(reports__in=examination.reports.all())
    return list(linked.exclude(pk=examination.pk).distinct().order_by("pk"))


def _own(examination: Examination, rules: list[ReleaseRule]) -> Release:
    return release.decide(_policy(examination, rules), _known(examination))


def _policy(examination: Examination, rules: list[ReleaseRule]) -> Policy:
    modalities = _modalities(examination) if any(rule.modality for rule in rules) else frozenset()
    rule = next((rule for rule in rules if _fits(rule, examination, modalities)), None)
    if rule is None:
        return Policy()
    return Policy(
        Side(rule.images, rule.images_days), Side(rule.report, rule.report_days), cap_days=rule.cap_days
    )


def _modalities(examination: Examination) -> frozenset[str]:
    """As ordered and as the images say."""
    series = Series.objects.filter(study__in=queries.study_ids(examination))
    named = {examination.modality, *series.values_list("modality", flat=True).distinct()}
    return frozenset(modality.upper() for modality in named if modality)


def _fits(rule: ReleaseRule, examination: Examination, modalities: frozenset[str]) -> bool:
    """Blank = any."""
    return (
        rule.kind in ("", examination.kind)
        and (not rule.modality or rule.modality.upper() in modalities)
        and rule.procedure_code in ("", examination.procedure_code)
        and rule.ward_code in ("", examination.ward_code)
        and (not rule.flag or rule.flag in examination.flags)
    )


def _known(examination: Examination) -> Known:
    newest: dict[str, ReleaseDecision] = {}
    for decision in examination.release_decisions.order_by("decided_at", "id"):
        newest[decision.subject] = decision
    images, report = newest.get("images"), newest.get("report")
    person = patients.survivor(examination.patient)
    return Known(
        performed_at=examination.performed_at,
        first_final_at=examination.first_final_at,
        visit_at=examination.visit_done_at or queries.visit_of(examination),
        visit_done=examination.visit_done_at is not None,
        waits_for_visit=patients.waits_for_visit(person),
        images_held=bool(images and images.decision == "hold"),
        images_released_at=images.decided_at if images and images.decision == "release" else None,
        report_held=bool(report and report.decision == "hold"),
        report_released_at=report.decided_at if report and report.decision == "release" else None,
    )
