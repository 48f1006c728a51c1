"""One message from bytes to effects, without a socket: trial runs, replays of one, what a failure leaves."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import Unavailable
from klisza.examinations.models import Examination, ReportVersion
from klisza.gateways.hl7v2 import router
from klisza.gateways.hl7v2.lease import Lease
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.notifications.models import Message
from klisza.patients.models import Patient

from .hl7door import adt, message, oru

pytestmark = pytest.mark.django_db


def kept(raw: bytes) -> InboundMessage:
    digest = hashlib.sha256(raw).hexdigest()
    return InboundMessage.objects.create(received_at=clock.now(), raw=raw, size=len(raw), digest=digest)


def breaking(content: Any, context: Any) -> None:
    raise ZeroDivisionError("Kowalski 44051401359")


class TestDryRun:
    def test_it_says_what_would_change(self) -> None:
        preview = router.dry_run(adt("D-1"))

        assert (preview.answer, preview.state) == ("AA", "applied")
        assert "patient.created" in preview.actions
        assert ("Patient", "made", 1) in [(one.model, one.verb, one.rows) for one in preview.changed]

    def test_it_leaves_nothing_behind(self) -> None:
        router.process(kept(adt("D-2")))
        before = [
            model.objects.count() for model in (Patient, InboundMessage, Examination, AuditEvent, Message)
        ]

        preview = router.dry_run(oru("D-2", report="D2"))

        assert "report.received" in preview.actions
        assert before == [
            model.objects.count() for model in (Patient, InboundMessage, Examination, AuditEvent, Message)
        ]

    def test_a_refusal_is_shown(self) -> None:
        preview = router.dry_run(message("ADT^A28", "EVN|A28", "PID|1"))

        assert (preview.answer, preview.code, preview.location) == ("AE", "101", "PID^1^3")
        assert preview.changed == ()

    def test_a_report_of_a_stranger_would_wait(self) -> None:
        preview = router.dry_run(oru("D-3", report="D3"))

        assert preview.state == "held"
        assert [trouble.kind for trouble in preview.troubles] == ["unknown_patient"]


class TestFailures:
    def test_the_reason_names_no_patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("klisza.gateways.hl7v2.effects.admissions.apply", breaking)
        row = kept(adt("X-1"))

        router.process(row)

        row.refresh_from_db()
        assert row.state == "failed"
        assert row.reason.startswith("ZeroDivisionError")
        assert "Kowalski" not in row.reason
        assert list(WorkItem.objects.filter(done_at=None).values_list("kind", flat=True)) == ["failed"]

    def test_a_replay_after_the_repair_settles_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        row = kept(adt("X-2"))
        with monkeypatch.context() as broken:
            broken.setattr("klisza.gateways.hl7v2.effects.admissions.apply", breaking)
            router.process(row)

        again = router.replay(row, by=SYSTEM)

        assert (again.state, again.replays) == ("applied", 1)
        assert not WorkItem.objects.filter(done_at=None).exists()
        assert AuditEvent.objects.filter(action="message.replayed").count() == 1

    def test_a_replay_leaves_it_to_the_applier(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(router, "REPLAY_SECONDS", 0.3)
        row, lease = kept(adt("X-3")), Lease()
        assert lease.take()
        try:
            assert router.replay(row, by=SYSTEM).state == "waiting"
        finally:
            lease.release()

    def test_trouble_with_the_disk_leaves_it_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(content: Any, context: Any) -> None:
            raise Unavailable("storage: ENOSPC")

        monkeypatch.setattr("klisza.gateways.hl7v2.effects.admissions.apply", full)
        row = kept(adt("X-4"))

        with pytest.raises(Unavailable):
            router.process(row)

        row.refresh_from_db()
        assert row.state == "waiting"


class TestHeld:
    def test_it_is_delivered_with_its_patient(self) -> None:
        report = kept(oru("H-1", report="H1"))
        router.process(report)
        assert not ReportVersion.objects.exists()

        router.process(kept(adt("H-1")))

        report.refresh_from_db()
        assert report.state == "applied"
        assert ReportVersion.objects.count() == 1
        assert WorkItem.objects.get(message=report).done_at is not None
