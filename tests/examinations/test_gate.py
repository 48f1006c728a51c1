"""The one gate: whose, since when, and not before it may be seen."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.base.errors import NotAllowed, NotFound
from klisza.examinations import queries, wording
from klisza.examinations.models import Examination, Order
from klisza.examinations.services import refresh
from klisza.patients import queries as patients
from klisza.patients import services
from klisza.patients.models import Patient

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
    ("day", "hour", "is_shown"),
    [
        (date(2021, 4, 30), time(23, 59), False),
        (date(2021, 5, 1), time(0, 0), True),
        (date(2021, 5, 1), None, True),
    ],
)
def test_cut_off_counts_local_days(day: date, hour: time | None, is_shown: bool, settings: Any) -> None:
    """R64: half past eleven in Warsaw is another day in UTC."""
    settings.SHOW_FROM = date(2021, 5, 1)
    patient = a_patient()
    an_examination(patient, study_date=day, study_time=hour)
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


def test_a_performed_examination_stands_without_anything() -> None:
    """5.1: with its status line and no icon; a planned one by the setting, a cancelled one never."""
    patient = a_patient()
    examination = an_examination(patient)
    Study.objects.update(hidden_reason="mixed")
    Examination.objects.update(images="none")
    order = an_order(patient, examination)
    refresh(examination)
    assert seen(patient) == [examination]
    card = wording.card(seen(patient)[0])
    assert (card.has_images, card.has_report) == (False, False)
    order.delete()
    refresh(examination)
    assert seen(patient) == []


@pytest.mark.parametrize(
    ("setting", "state", "count"), [(False, "planned", 0), (True, "planned", 1), (True, "cancelled", 0)]
)
def test_planned_ones_by_the_setting(setting: bool, state: str, count: int, settings: Any) -> None:
    settings.SHOW_PLANNED = setting
    patient = a_patient()
    now = clock.now()
    examination = Examination.objects.create(
        patient=patient, kind="CT", performed_at=now, issuer="local", created_at=now, updated_at=now
    )
    an_order(patient, examination, state=state)
    refresh(examination)
    assert len(seen(patient)) == count


def an_order(patient: Any, examination: Examination, **fields: Any) -> Order:
    now = clock.now()
    values = {"state": "performed", "key": "F1", "modality": "CT", "performed_at": now, "scheduled_at": now}
    order = Order.objects.create(
        patient=patient, issuer="local", created_at=now, updated_at=now, **{**values, **fields}
    )
    order.examinations.add(examination)
    return order


@pytest.mark.parametrize("reason", ["mixed", "wrong_patient", "safety"])
def test_images_of_a_hidden_study_are_gone(reason: str) -> None:
    patient = a_patient()
    examination = an_examination(patient)
    assert queries.study_ids(examination)
    Study.objects.update(hidden_reason=reason)
    assert queries.study_ids(examination) == []
    refresh(examination)
    assert seen(patient) == []


def test_restricted_people_are_not_shown_anything() -> None:
    patient = a_patient()
    an_examination(patient)
    Patient.objects.update(restricted_reason="confidential")
    assert seen(patient) == []
