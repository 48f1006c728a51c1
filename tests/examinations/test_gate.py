"""The one gate: whose, since when, and not before it may be seen."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from klisza.audit.actor import Actor
from klisza.base.errors import NotAllowed, NotFound
from klisza.examinations import queries
from klisza.examinations.models import Examination
from klisza.patients import queries as patients
from klisza.patients import services

from .given import SCRIPT, a_patient, a_report, an_examination, the_examination, viewer

pytestmark = pytest.mark.django_db


def seen(patient: Any) -> list[Examination]:
    return list(queries.visible(viewer(patient), purpose="list"))


def test_foreign_and_unknown_are_the_same() -> None:
    """R10, R11"""
    theirs = an_examination(a_patient())
    mine = viewer(a_patient())
    for examination_id in (theirs.pk, uuid.uuid4()):
        with pytest.raises(NotFound):
            queries.get_visible(mine, examination_id, purpose="detail")


@pytest.mark.parametrize(
    ("day", "clock", "is_shown"),
    [
        (date(2021, 4, 30), time(23, 59), False),
        (date(2021, 5, 1), time(0, 0), True),
        (date(2021, 5, 1), None, True),
    ],
)
def test_cut_off_counts_local_days(day: date, clock: time | None, is_shown: bool, settings: Any) -> None:
    """R64: half past eleven in Warsaw is another day in UTC."""
    settings.SHOW_FROM = date(2021, 5, 1)
    patient = a_patient()
    an_examination(patient, study_date=day, study_time=clock)
    assert bool(seen(patient)) is is_shown


def test_hidden_examinations_stay_hidden() -> None:
    patient = a_patient()
    an_examination(patient)
    Examination.objects.update(hidden_reason="confidential")
    assert seen(patient) == []


def test_a_merge_brings_both_records_together() -> None:
    first, second = a_patient(), a_patient(account=False)
    an_examination(first)
    an_examination(second)
    services.merge(survivor=first, other=second, by=SCRIPT)
    assert len(seen(first)) == 2
    services.undo_merge(other=second, by=SCRIPT)
    assert len(seen(first)) == 1


def test_what_came_while_merged_can_be_parted() -> None:
    """New rows stand on the record that their identifier names."""
    first, second = a_patient(), a_patient(account=False)
    services.merge(survivor=first, other=second, by=SCRIPT)
    an_examination(second)
    assert len(seen(first)) == 1
    services.undo_merge(other=second, by=SCRIPT)
    assert seen(first) == []


def test_staff_need_a_reason() -> None:
    patient = a_patient()
    an_examination(patient)
    clerk = patients.viewer_for_staff(patient, Actor(kind="staff", id="s"), reason="call of the patient")
    assert queries.visible(clerk, purpose="list").count() == 1
    with pytest.raises(NotAllowed):
        queries.visible(replace(clerk, reason=" "), purpose="list")


def test_a_preliminary_report_passes_no_gate() -> None:
    """R63: not in the documents, not by its address."""
    patient = a_patient()
    version = a_report(patient, status="P")
    assert queries.reports_of(viewer(patient)) == []
    with pytest.raises(NotFound):
        queries.shown_report(the_examination(patient), version.pk)
