from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.base import clock
from klisza.base.errors import DeliveryFailed
from klisza.notifications import jobs, services
from klisza.notifications.models import Message
from klisza.notifications.transports import sms_outbox

pytestmark = pytest.mark.django_db
State = Message.State


@pytest.fixture(autouse=True)
def outbox(settings: SettingsWrapper, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "outbox"


@pytest.fixture
def clock_at() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel("2026-11-02T09:00:00+00:00", tick=False) as coordinates:
        yield coordinates


def code(text: str = "Kod: 4821", **more: object) -> Message:
    return services.enqueue_sms(to="+48600100200", text=text, kind="code", secret=True, **more)  # type: ignore[arg-type]


def texts(outbox: Path) -> list[dict[str, str]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted((outbox / "sms").glob("*.json"))]


class TestSending:
    def test_text_message_becomes_one_file(self, outbox: Path) -> None:
        message = code()
        assert jobs.run_sms() == 1
        assert jobs.run_sms() == 0
        message.refresh_from_db()
        assert [(text["to"], text["text"]) for text in texts(outbox)] == [("+48600100200", "Kod: 4821")]
        assert message.state == State.SENT

    def test_secret_is_wiped_when_handed_over(self) -> None:
        """R70: a dump of the database holds no code."""
        message = code()
        assert b"4821" not in bytes(message.sealed)
        jobs.run_sms()
        message.refresh_from_db()
        assert bytes(message.sealed) == b""

    def test_not_before_it_is_due(self, clock_at: time_machine.Coordinates) -> None:
        code(due_at=clock.now() + timedelta(minutes=10))
        assert jobs.run_sms() == 0
        clock_at.shift(timedelta(minutes=10))
        assert jobs.run_sms() == 1

    def test_code_overtakes_a_notice(self, outbox: Path) -> None:
        services.enqueue_sms(to="+48600100200", text="notice", kind="notice")
        code("code")
        jobs.run_sms()
        assert [text["text"] for text in texts(outbox)] == ["code"]

    def test_body_under_another_key_is_given_up(self, settings: SettingsWrapper) -> None:
        message = code()
        settings.SECRET_KEY = "another-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF"
        assert jobs.run_sms() == 0
        message.refresh_from_db()
        assert (message.state, message.fault) == (State.FAILED, "unreadable")


class TestExpiry:
    def test_late_code_is_dropped_unsent(self, outbox: Path, clock_at: time_machine.Coordinates) -> None:
        """L9: a code is never stale."""
        message = code(expires_at=clock.now() + timedelta(seconds=60))
        clock_at.shift(timedelta(seconds=61))
        assert jobs.run_sms() == 0
        assert jobs.run_expired() == 1
        message.refresh_from_db()
        assert (message.state, bytes(message.sealed)) == (State.EXPIRED, b"")
        assert texts(outbox) == []

    def test_last_second_still_counts(self, clock_at: time_machine.Coordinates) -> None:
        code(expires_at=clock.now() + timedelta(seconds=60))
        clock_at.shift(timedelta(seconds=59))
        assert jobs.run_expired() == 0
        assert jobs.run_sms() == 1

    def test_old_bodies_are_forgotten(self, clock_at: time_machine.Coordinates) -> None:
        message = services.enqueue_sms(to="+48600100200", text="notice", kind="notice")
        jobs.run_sms()
        clock_at.shift(timedelta(days=31))
        assert jobs.run_forget() == 1
        message.refresh_from_db()
        assert bytes(message.sealed) == b""


class Gate:
    """Stands for a transport; fails as told, per recipient."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.sent: list[str] = []

    def send(self, to: str, text: str, *, key: str) -> None:
        if failure := self.failures.pop(0) if self.failures else None:
            raise failure
        self.sent.append(text)


class TestFailures:
    def test_temporary_fault_is_tried_again(
        self, monkeypatch: pytest.MonkeyPatch, clock_at: time_machine.Coordinates
    ) -> None:
        gate = Gate(DeliveryFailed("busy", permanent=False))
        monkeypatch.setattr(sms_outbox, "send", gate.send)
        message = code()
        jobs.run_sms()
        message.refresh_from_db()
        assert (message.state, message.fault) == (State.WAITING, "busy")
        assert jobs.run_sms() == 0
        clock_at.shift(timedelta(seconds=5))
        assert jobs.run_sms() == 1
        assert gate.sent == ["Kod: 4821"]

    def test_pauses_stay_below_five_minutes(
        self, monkeypatch: pytest.MonkeyPatch, clock_at: time_machine.Coordinates
    ) -> None:
        """L15: after an hour's outage the queue drains within five minutes."""
        gate = Gate(*[DeliveryFailed("off", permanent=False)] * 1000)
        monkeypatch.setattr(sms_outbox, "send", gate.send)
        message = services.enqueue_sms(to="+48600100200", text="notice", kind="notice")
        for _ in range(20):
            jobs.run_sms()
            message.refresh_from_db()
            pause = message.due_at - clock.now()
            assert pause <= timedelta(minutes=4)
            clock_at.shift(pause)
        assert message.state == State.WAITING

    def test_given_up_after_a_day(
        self, monkeypatch: pytest.MonkeyPatch, clock_at: time_machine.Coordinates
    ) -> None:
        monkeypatch.setattr(sms_outbox, "send", Gate(DeliveryFailed("off", permanent=False)).send)
        message = services.enqueue_sms(to="+48600100200", text="notice", kind="notice")
        clock_at.shift(timedelta(hours=25))
        jobs.run_sms()
        message.refresh_from_db()
        assert message.state == State.FAILED

    def test_refused_for_good_wipes_the_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sms_outbox, "send", Gate(DeliveryFailed("no such number", permanent=True)).send)
        message = code()
        jobs.run_sms()
        message.refresh_from_db()
        assert (message.state, message.fault, bytes(message.sealed)) == (State.FAILED, "no such number", b"")

    def test_poison_does_not_stop_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """L20"""
        gate = Gate(ValueError("poison"))
        monkeypatch.setattr(sms_outbox, "send", gate.send)
        poison, good = code("poison"), code("good")
        assert [jobs.run_sms(), jobs.run_sms(), jobs.run_sms()] == [1, 1, 0]
        poison.refresh_from_db()
        good.refresh_from_db()
        assert (poison.state, good.state) == (State.FAILED, State.SENT)
        assert gate.sent == ["good"]


class TestCrash:
    def test_sender_that_died_is_replaced_after_its_lease(
        self, outbox: Path, clock_at: time_machine.Coordinates
    ) -> None:
        code()
        assert services.claim(channel="sms") is not None  # and then the process dies
        assert jobs.run_sms() == 0
        clock_at.shift(services.LEASE)
        assert jobs.run_sms() == 1
        assert len(texts(outbox)) == 1

    def test_late_sender_does_not_undo_the_second_one(self, clock_at: time_machine.Coordinates) -> None:
        message = code()
        first = services.claim(channel="sms")
        clock_at.shift(services.LEASE)
        second = services.claim(channel="sms")
        assert first is not None
        assert second is not None
        services.sent(second)
        services.not_sent(first, fault="late", permanent=True)
        message.refresh_from_db()
        assert (message.state, message.attempts) == (State.SENT, 2)
