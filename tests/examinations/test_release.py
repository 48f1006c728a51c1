"""N10, B27: from when images and report may be seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine

from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.examinations import jobs, queries, release, services
from klisza.examinations.models import Examination, ReleaseRule
from klisza.examinations.release import ALWAYS, Known, Opening, Policy, Side
from klisza.patients.models import Patient

from .given import SCRIPT, a_patient, a_report, a_study, an_examination, the_examination, viewer

DAY = timedelta(days=1)
PERFORMED = datetime(2026, 11, 1, 9, tzinfo=UTC)
FINAL = PERFORMED + 2 * DAY
VISIT = PERFORMED + 20 * DAY
RELEASED = PERFORMED + 5 * DAY

# how, days, cap | what is known | from when, why
REPORT_TABLE: list[tuple[str, Policy, dict[str, Any], datetime | None, str]] = [
    ("no rule", Policy(), {}, ALWAYS, "at_once"),
    ("days without a final", Policy(report=Side("days", 7)), {"first_final_at": None}, None, "days"),
    ("days after the first final", Policy(report=Side("days", 7)), {}, FINAL + 7 * DAY, "days"),
    ("clinician", Policy(report=Side("clinician")), {}, None, "clinician"),
    ("clinician released", Policy(report=Side("clinician")), {"report_released_at": RELEASED}, RELEASED, "staff_release"),
    ("release never delays", Policy(), {"report_released_at": RELEASED}, ALWAYS, "at_once"),
    ("visit unknown", Policy(report=Side("visit")), {}, None, "visit"),
    ("visit known", Policy(report=Side("visit")), {"visit_at": VISIT}, VISIT, "visit"),
    ("never", Policy(report=Side("never")), {}, None, "never"),
    ("cap on days", Policy(report=Side("days", 60), cap_days=30), {}, FINAL + 30 * DAY, "days"),
    ("cap on clinician", Policy(report=Side("clinician"), cap_days=30), {}, FINAL + 30 * DAY, "clinician"),
    ("cap on never", Policy(report=Side("never"), cap_days=30), {}, FINAL + 30 * DAY, "never"),
    ("cap later than the visit", Policy(report=Side("visit"), cap_days=30), {"visit_at": VISIT}, VISIT, "visit"),
    ("no cap without a final", Policy(report=Side("never"), cap_days=30), {"first_final_at": None}, None, "never"),
    ("hold over everything", Policy(cap_days=0), {"report_held": True, "report_released_at": RELEASED}, None, "staff_hold"),
    ("wish until the visit", Policy(), {"waits_for_visit": True, "visit_at": VISIT}, VISIT, "patient_wish"),
    ("wish without a visit", Policy(), {"waits_for_visit": True}, FINAL + 30 * DAY, "patient_wish"),
    ("wish after the visit", Policy(), {"waits_for_visit": True, "visit_at": VISIT, "visit_done": True}, ALWAYS, "at_once"),
    ("wish never hastens", Policy(report=Side("clinician")), {"waits_for_visit": True, "visit_at": VISIT}, None, "clinician"),
    ("wish shorter than the rule", Policy(report=Side("days", 60)), {"waits_for_visit": True, "visit_at": VISIT},
     FINAL + 60 * DAY, "days"),
    ("wish beyond the cap", Policy(report=Side("never"), cap_days=1), {"waits_for_visit": True, "visit_at": VISIT},
     VISIT, "patient_wish"),
]  # fmt: skip
IMAGES_TABLE: list[tuple[str, Policy, dict[str, Any], datetime | None, str]] = [
    ("no rule", Policy(), {}, ALWAYS, "at_once"),
    ("days after the examination", Policy(images=Side("days", 3)), {}, PERFORMED + 3 * DAY, "days"),
    ("with the report", Policy(images=Side("report")), {}, ALWAYS, "report_first"),
    ("no report yet", Policy(images=Side("report")), {"first_final_at": None}, None, "report_first"),
    ("with a held report", Policy(images=Side("report")), {"report_held": True}, None, "report_first"),
    ("with a late report", Policy(Side("report"), Side("days", 7)), {}, FINAL + 7 * DAY, "report_first"),
    ("report never", Policy(Side("at_once"), Side("never")), {}, ALWAYS, "at_once"),
    ("released before the report", Policy(Side("report"), Side("never")), {"images_released_at": RELEASED},
     RELEASED, "staff_release"),
    ("held, report free", Policy(), {"images_held": True}, None, "staff_hold"),
]  # fmt: skip


def known(**more: Any) -> Known:
    return Known(**{"performed_at": PERFORMED, "first_final_at": FINAL, **more})


@pytest.mark.parametrize(
    ("policy", "more", "at", "why"),
    [row[1:] for row in REPORT_TABLE],
    ids=[row[0] for row in REPORT_TABLE],
)
def test_when_the_report_opens(policy: Policy, more: dict[str, Any], at: datetime | None, why: str) -> None:
    assert release.decide(policy, known(**more)).report == Opening(at, why)


@pytest.mark.parametrize(
    ("policy", "more", "at", "why"),
    [row[1:] for row in IMAGES_TABLE],
    ids=[row[0] for row in IMAGES_TABLE],
)
def test_when_the_images_open(policy: Policy, more: dict[str, Any], at: datetime | None, why: str) -> None:
    assert release.decide(policy, known(**more)).images == Opening(at, why)


def test_the_strictest_of_several_counts() -> None:
    soon, late, closed = Opening(FINAL, "days"), Opening(VISIT, "visit"), Opening(None, "clinician")
    assert release.strictest([soon, late]) == late
    assert release.strictest([soon, closed, late]) == closed


# With the database


def rule(**fields: Any) -> None:
    services.save_release_rules(rules=[*_saved(), fields], by=SCRIPT)


def _saved() -> list[dict[str, Any]]:
    names = ("kind", "modality", "procedure_code", "ward_code", "flag", "images", "images_days", "report",
             "report_days", "cap_days")  # fmt: skip
    return [{name: getattr(row, name) for name in names} for row in ReleaseRule.objects.all()]


def is_open(patient: Patient, purpose: str) -> bool:
    return queries.visible(viewer(patient), purpose=purpose).exists()


@pytest.mark.django_db
class TestRules:
    @pytest.mark.parametrize(
        "fits",
        [
            {"kind": "CT"},
            {"modality": "ct"},
            {"ward_code": "ONK"},
            {"procedure_code": "TK-01"},
            {"flag": "oncology"},
            {},
        ],
    )
    @pytest.mark.parametrize(
        "fails", [{"kind": "MR"}, {"modality": "MR"}, {"flag": "screening"}, {"ward_code": "X"}]
    )
    def test_the_first_that_fits_decides(self, fits: dict[str, str], fails: dict[str, str]) -> None:
        rule(**fails, report="never")
        rule(**fits, report="clinician")
        rule(report="visit")
        patient = a_patient()
        examination = an_examination(patient)
        # What the rules ask for stands on the row, however it came there.
        Examination.objects.update(ward_code="ONK", procedure_code="TK-01", flags=["oncology"])
        from klisza.examinations.services import releasing

        examination.refresh_from_db()
        assert releasing.decide(examination, []).report.why == "clinician"

    def test_images_and_report_are_released_apart(self) -> None:
        rule(report="clinician")
        patient = a_patient()
        an_examination(patient, accession_number="ACC1")
        a_report(patient)
        assert (is_open(patient, "images"), is_open(patient, "report"), is_open(patient, "list")) == (
            True,
            False,
            True,
        )

    def test_days_are_counted_from_the_first_final(self) -> None:
        """A correction inherits the release; a preliminary report starts nothing."""
        rule(report="days", report_days=7)
        patient = a_patient()
        with time_machine.travel("2026-11-20T12:00:00+00:00", tick=False) as at:
            a_report(patient, status="P", issued_at=clock.now())
            assert the_examination(patient).report_from is None
            at.shift(DAY)
            a_report(patient, issued_at=clock.now())
            opens = clock.now() + 7 * DAY
            at.shift(3 * DAY)
            a_report(patient, status="C", issued_at=clock.now())
            assert the_examination(patient).report_from == opens
            at.shift(4 * DAY - timedelta(seconds=1))
            assert not is_open(patient, "report")
            at.shift(timedelta(seconds=1))
            assert is_open(patient, "report")

    def test_a_report_later_than_its_release_shows_at_once(self) -> None:
        rule(report="days", report_days=7)
        patient = a_patient()
        a_report(patient, issued_at=clock.now() - 10 * DAY)
        assert is_open(patient, "report")

    def test_a_date_in_the_future_holds_nothing_back(self) -> None:
        rule(report="days", report_days=1)
        patient = a_patient()
        a_report(patient, issued_at=clock.now() + 100 * DAY)
        at = the_examination(patient).report_from
        assert at is not None
        assert at < clock.now() + 2 * DAY

    def test_any_order_gives_the_same_moment(self) -> None:
        """L7"""
        rule(report="days", report_days=7)
        found = set()
        statuses = [("P", 1), ("F", 3), ("C", 5)]
        for number, order in enumerate(permutations(statuses)):
            patient = a_patient()
            for status, day in order:
                a_report(
                    patient,
                    accession_number=f"A{number}",
                    status=status,
                    issued_at=datetime(2026, 11, day, tzinfo=UTC),
                )
            found.add(the_examination(patient).report_from)
        assert found == {datetime(2026, 11, 10, tzinfo=UTC)}

    def test_wrong_rules_are_refused(self) -> None:
        for wrong in (
            {"report": "soon"},
            {"report": "report"},
            {"kind": "XX"},
            {"report_days": -1},
            {"cap_days": "x"},
        ):
            with pytest.raises(Refused):
                services.save_release_rules(rules=[wrong], by=SCRIPT)
        assert not ReleaseRule.objects.exists()

    def test_changed_rules_reach_what_is_there(self) -> None:
        patient = a_patient()
        an_examination(patient)
        rule(images="clinician")
        assert is_open(patient, "images")
        assert jobs.run_rules() == 1
        assert not is_open(patient, "images")
        assert (jobs.run_rules(), jobs.run_rules()) == (0, 0)
        assert AuditEvent.objects.filter(action="rule.changed").exists()


@pytest.mark.django_db
class TestDecisions:
    def test_hold_and_release_count_at_once(self) -> None:
        patient = a_patient()
        an_examination(patient, accession_number="ACC1")
        a_report(patient)
        examination = services.hold(
            examination=the_examination(patient), subject="both", reason="talk first", by=SCRIPT
        )
        assert not is_open(patient, "images")
        assert not is_open(patient, "report")
        assert list(queries.held_examinations()) == [examination]
        services.release(examination=examination, subject="report", by=SCRIPT)
        assert (is_open(patient, "images"), is_open(patient, "report")) == (False, True)
        services.follow_rules(examination=examination, subject="images", by=SCRIPT)
        assert is_open(patient, "images")
        assert not queries.held_examinations().exists()
        actions = AuditEvent.objects.order_by("id").values_list("action", flat=True)
        assert [one for one in actions if one in ("examination.held", "examination.released")] == [
            "examination.held",
            "examination.released",
        ]

    def test_a_hold_needs_a_reason(self) -> None:
        examination = an_examination(a_patient())
        with pytest.raises(Refused):
            services.hold(examination=examination, subject="report", reason=" ", by=SCRIPT)

    def test_a_hold_before_the_report_holds_it(self) -> None:
        patient = a_patient()
        examination = an_examination(patient, accession_number="ACC1")
        services.hold(examination=examination, subject="report", reason="talk first", by=SCRIPT)
        a_report(patient)
        assert not is_open(patient, "report")

    def test_a_shared_report_waits_for_both(self) -> None:
        """Dictated for two examinations: held for one, it is not read through the other."""
        patient = a_patient()
        first = an_examination(patient, accession_number="ACC1")
        second = an_examination(patient, accession_number="ACC2")
        a_report(patient, accession_number="", examinations=[first, second])
        assert queries.visible(viewer(patient), purpose="report").count() == 2
        services.hold(examination=second, subject="report", reason="talk first", by=SCRIPT)
        assert not is_open(patient, "report")
        assert is_open(patient, "images")

    def test_a_shared_study_waits_for_both(self) -> None:
        patient = a_patient()
        first = an_examination(patient, accession_number="ACC1")
        second = an_examination(patient, accession_number="ACC2")
        link = second.study_links.get()
        first.study_links.create(study=link.study, how="accession", linked_at=clock.now())
        services.hold(examination=second, subject="images", reason="talk first", by=SCRIPT)
        assert not is_open(patient, "images")


@pytest.mark.django_db
class TestVisit:
    def held_for_the_visit(self) -> tuple[Patient, Examination]:
        rule(report="visit")
        patient = a_patient()
        a_report(patient)
        return patient, the_examination(patient)

    def test_staff_say_the_visit_is_done(self) -> None:
        patient, examination = self.held_for_the_visit()
        assert not is_open(patient, "report")
        services.visit_done(examination=examination, by=SCRIPT)
        assert is_open(patient, "report")

    def test_the_day_the_patient_enters_must_be_over(self) -> None:
        patient, examination = self.held_for_the_visit()
        with time_machine.travel("2026-12-01T10:00:00+00:00", tick=False) as at:
            with pytest.raises(Refused):
                services.enter_visit(
                    viewer=viewer(patient), examination=examination, day=date(2026, 11, 30), by=SCRIPT
                )
            services.enter_visit(
                viewer=viewer(patient), examination=examination, day=date(2026, 12, 1), by=SCRIPT
            )
            assert not is_open(patient, "report")
            at.shift(timedelta(hours=13))
            assert is_open(patient, "report")

    def test_what_the_hospital_knows_counts_before(self) -> None:
        patient, examination = self.held_for_the_visit()
        services.set_visit(examination=examination, at=clock.now() + DAY, by=SCRIPT)
        today = clock.local_date(clock.now())
        with pytest.raises(Refused):
            services.enter_visit(viewer=viewer(patient), examination=examination, day=today, by=SCRIPT)

    def test_nobody_enters_it_for_another(self) -> None:
        _, examination = self.held_for_the_visit()
        with pytest.raises(NotFound):
            services.enter_visit(
                viewer=viewer(a_patient()), examination=examination, day=date(2030, 1, 1), by=SCRIPT
            )

    def test_the_patient_may_wish_to_wait(self) -> None:
        patient = a_patient()
        a_study(patient, study_date=clock.local_date(clock.now()), accession_number="ACC1")
        jobs.run_linking()
        a_report(patient, issued_at=clock.now())
        services.set_preferences(patient=patient, notice_channel="mail", tell_after_visit=True, by=SCRIPT)
        assert not is_open(patient, "images")
        assert not is_open(patient, "report")
        patient.refresh_from_db()
        services.set_preferences(patient=patient, notice_channel="mail", tell_after_visit=False, by=SCRIPT)
        assert is_open(patient, "report")
