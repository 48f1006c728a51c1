"""L20: one row that cannot be worked off keeps no other waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from klisza.base import clock
from klisza.base.errors import Unavailable
from klisza.base.turns import Turns
from klisza.documents.models import Document, DocumentName
from klisza.documents.services import add_document
from klisza.examinations import jobs
from klisza.examinations.models import (
    Examination,
    ExaminationDocument,
    ExaminationIdentifier,
    RuleChange,
    StudyIntake,
)
from klisza.examinations.services import linking, rules
from klisza.examinations.services import state as states
from klisza.patients.models import Patient

from .given import SCRIPT, a_patient, a_study, an_examination, moment, pdf

pytestmark = pytest.mark.django_db


class Broken(Exception):
    pass


def three() -> list[Examination]:
    return [an_examination(a_patient()) for _ in range(3)]


def broken(monkeypatch: pytest.MonkeyPatch, poison: Examination) -> None:
    """Whatever is computed of this one fails."""
    real = states.describe

    def describe(examination: Examination, *rest: Any) -> None:
        if examination.pk == poison.pk:
            raise Broken
        real(examination, *rest)

    monkeypatch.setattr(states, "describe", describe)


def test_rules_reach_all_but_the_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = three()
    rules.note_rule_change()
    broken(monkeypatch, first)
    assert (jobs.run_rules(), jobs.run_rules()) == (2, 0)
    changed = RuleChange.objects.latest("changed_at")
    assert all(Examination.objects.get(pk=one.pk).updated_at >= changed.changed_at for one in others)
    # The broken one still follows the old rules: nobody may believe that the change is done.
    assert changed.done_at is None
    monkeypatch.undo()
    rules.TURNS.again.clear()
    assert (jobs.run_rules(), RuleChange.objects.filter(done_at=None).exists()) == (1, False)


def test_due_examinations_pass_the_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = three()
    now = clock.now()
    Examination.objects.update(report_from=now - timedelta(hours=1), updated_at=now - timedelta(hours=2))
    broken(monkeypatch, first)
    assert (jobs.run_due(), jobs.run_due()) == (2, 0)
    assert all(Examination.objects.get(pk=one.pk).updated_at >= now for one in others)


def test_studies_pass_the_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    poison, *good = [a_study(a_patient()) for _ in range(3)]
    real = linking.link_study

    def link(*, study: Any, by: Any, quiet: bool = False) -> Any:
        if study.pk == poison.pk:
            raise Broken
        return real(study=study, by=by, quiet=quiet)

    monkeypatch.setattr(jobs.linking, "link_study", link)
    monkeypatch.setattr(jobs, "BATCH", 1)  # the broken one would be the whole batch, each time
    assert [jobs.run_linking() for _ in range(4)] == [0, 1, 1, 0]
    assert set(StudyIntake.objects.values_list("study_id", flat=True)) == {one.pk for one in good}


def test_broken_row_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    patient, tried = a_patient(), []
    turns = Turns("test")

    def act(row: Patient) -> None:
        tried.append(row)
        raise Broken

    for _ in range(2):
        assert turns.take(lambda most: [patient][:most], act, limit=5) == 0
    assert tried == [patient]
    turns.again = dict.fromkeys(turns.again, 0.0)
    turns.take(lambda most: [patient][:most], act, limit=5)
    assert tried == [patient, patient]


def test_full_disk_is_no_fault_of_the_row() -> None:
    turns = Turns("test")

    def act(row: Patient) -> None:
        raise Unavailable("disk")

    with pytest.raises(Unavailable):
        turns.take(lambda most: [a_patient()], act, limit=5)
    assert not turns.aside


def test_document_that_names_somebody_elses_number_is_not_looked_at_for_ever() -> None:
    hers, his = a_patient(), an_examination(a_patient())
    ExaminationIdentifier.objects.create(examination=his, kind="placer", value="7")
    document: Document = add_document(
        patient=hers, kind="hospital", title="Karta", pdf=pdf(), issued_at=moment(3), by=SCRIPT
    )
    DocumentName.objects.create(document=document, kind="placer", value="7")
    assert jobs.run_waiting_documents() == 0
    own = an_examination(hers)
    ExaminationIdentifier.objects.create(examination=own, kind="placer", value="7")
    assert (jobs.run_waiting_documents(), jobs.run_waiting_documents()) == (1, 0)
    assert ExaminationDocument.objects.get(document=document).examination == own
