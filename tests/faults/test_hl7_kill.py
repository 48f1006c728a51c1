"""L1, L9: the listener and the worker are killed at random moments; nothing acknowledged is lost or done twice."""

from __future__ import annotations

import base64
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.gateways.door import prepared  # noqa: F401 - fixture
from tests.gateways.hl7door import Hl7Door, Sender, adt, ask, code, control_id, oru, place  # noqa: F401 - fixture

SENDERS = 3
PDF = base64.b64encode(b"%PDF-1.4 " + b"x" * 4000).decode()
OPEN = "SELECT count(*) FROM gateways_inboundmessage WHERE state IN ('waiting', 'held')"


class Hospital(threading.Thread):
    """Sends reports of one patient, and one patient now and then, until the line breaks.

    What was not answered is sent again when the line is back, as interface engines do.
    """

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self.patient = name
        self.number = 0
        self.open: tuple[str, bytes] | None = None
        self.acknowledged: dict[str, bytes] = {}
        self.answers: list[str] = []

    def send_until_broken(self, port: int) -> None:
        try:
            with Sender(port) as sender:
                while True:
                    self._send(sender)
        except OSError:
            pass

    def finish(self, port: int) -> None:
        """What was under way comes again, and the patient for whom a report waits."""
        with Sender(port) as sender:
            while self.open or self.number % 5 != 1:
                self._send(sender)

    def _send(self, sender: Sender) -> None:
        control, message = self.open or self._next()
        self.open = control, message
        self.answers.append(code(sender.ask(message)))
        self.acknowledged[control] = message
        self.open = None

    def _next(self) -> tuple[str, bytes]:
        self.number += 1
        control, name = control_id(), f"{self.patient}-{self.number}"
        if self.number % 5 == 1:
            return control, adt(f"{self.patient}-{self.number // 5}", control=control)
        return control, oru(f"{self.patient}-{self.number // 5}", report=name, control=control, pdf=PDF)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_or_doubled(place: Path, rounds: int) -> None:  # noqa: F811
    dice = random.Random(7)
    hospitals = [Hospital(f"K{number}") for number in range(SENDERS)]
    worker: subprocess.Popen[bytes] | None = None
    for number in range(rounds):
        door = Hl7Door(place, METRICS_BIND="127.0.0.1:0").start()
        threads = [threading.Thread(target=one.send_until_broken, args=(door.port,)) for one in hospitals]
        for thread in threads:
            thread.start()
        if worker is None and number % 3 == 0:
            worker = door.worker()
        time.sleep(dice.uniform(0.1, 2))
        if worker is not None and dice.random() < 0.5:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            worker = None
        door.kill()
        for thread in threads:
            thread.join(timeout=90)

    door.start()
    try:
        for hospital in hospitals:
            hospital.finish(door.port)
        worker = worker or door.worker()  # delivers what a dead listener held and could not set free
        door.wait_for(OPEN, 0, seconds=120)
    finally:
        assert door.stop() == 0
        if worker is not None:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    sent = {control for hospital in hospitals for control in hospital.acknowledged}
    assert len(sent) > rounds
    assert {answer for hospital in hospitals for answer in hospital.answers} == {"AA"}
    _every_message_took_effect_once(door, hospitals, sent)


def _every_message_took_effect_once(door: Hl7Door, hospitals: list[Hospital], sent: set[str]) -> None:
    rows = door.rows("SELECT control_id, state, raw, reason, attempts FROM gateways_inboundmessage")
    ends: dict[str, list[str]] = {}
    for control, state, *_ in rows:
        ends.setdefault(control, []).append(state)
    assert set(ends) == sent
    wrong = {name for name, states in ends.items() if states.count("applied") != 1}
    assert [(control, state, *more) for control, state, _, *more in rows if control in wrong] == []
    assert {state for states in ends.values() for state in states} <= {"applied", "repeated"}
    kept = {control: bytes(raw) for control, _, raw, *_ in rows}
    assert [c for one in hospitals for c, message in one.acknowledged.items() if kept[c] != message] == []
    reports = sum("ORU" in message.decode() for one in hospitals for message in one.acknowledged.values())
    people = len(sent) - reports
    assert door.rows("SELECT count(*) FROM patients_patient") == [(people,)]
    assert door.rows("SELECT count(*), count(DISTINCT report_id) FROM examinations_reportversion") == [
        (reports, reports)
    ]
    assert door.rows("SELECT count(*) FROM documents_document") == [(reports,)]
    assert door.rows("SELECT count(*) FROM gateways_workitem WHERE done_at IS NULL") == [(0,)]


def test_the_worker_applies_what_a_dead_listener_left(place: Path) -> None:  # noqa: F811
    door = Hl7Door(place, METRICS_BIND="127.0.0.1:0").start()
    with Sender(door.port) as sender:
        for number in range(20):
            sender.line.sendall(b"\x0b" + adt(f"W-{number}") + b"\x1c\r")
        sender.answer()
        door.kill()
    kept = len(door.states())
    _let_the_worker_finish(door)

    assert door.states() == ["applied"] * kept


def test_what_waited_for_a_patient_is_delivered_by_the_worker(place: Path) -> None:  # noqa: F811
    """L9: the listener dies after the patient became known and before the report that waited for him is set free."""
    door = _poisoned(place, "_release", "kill")
    door.start()
    assert code(ask(door.port, oru("H-1", report="R-1"))) == "AA"
    assert door.states() == ["held"]
    with pytest.raises((ConnectionError, OSError)):
        ask(door.port, adt("H-1"))
    assert door.process is not None
    door.process.wait()
    assert door.states() == ["held", "applied"]

    del door.environment["PYTHONPATH"]
    _let_the_worker_finish(door)
    assert door.states() == ["applied", "applied"]


def test_a_poison_message_stops_nobody(place: Path) -> None:  # noqa: F811
    """L20: one that fails, and one that kills the process each time it is applied; the others pass, both are named."""
    door = _poisoned(place, "_effect", "effect")
    door.start()
    try:
        began = time.monotonic()
        assert code(ask(door.port, adt("P-1", family="Fails"))) == "AA"
        assert code(ask(door.port, adt("P-2"))) == "AA"
        assert time.monotonic() - began <= 10
        assert door.states() == ["failed", "applied"]
        [(reason,)] = door.rows("SELECT reason FROM gateways_inboundmessage WHERE state = 'failed'")
        assert reason.startswith("ZeroDivisionError at gateways/hl7v2/router.py:")
        with pytest.raises((ConnectionError, OSError)):
            ask(door.port, adt("P-3", family="Kills"))
        for _ in range(12):
            door.process.wait() if door.process else None
            door.start()
            time.sleep(1.5)
            if door.process and door.process.poll() is None:
                break
        assert code(ask(door.port, adt("P-4"))) == "AA"
        assert door.states() == ["failed", "applied", "failed", "applied"]
    finally:
        door.stop()
    assert door.rows("SELECT count(*) FROM gateways_workitem WHERE kind = 'failed' AND done_at IS NULL") == [
        (2,)
    ]


def _let_the_worker_finish(door: Hl7Door) -> None:
    worker = door.worker()
    try:
        door.wait_for(OPEN, 0, seconds=60)
    finally:
        worker.terminate()
        worker.wait()


def _poisoned(place: Path, name: str, what: str) -> Hl7Door:  # noqa: F811
    """A listener in whose router the function `name` is replaced."""
    site = place / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(POISON.replace("NAME", name).replace("WHAT", what))
    door = Hl7Door(place)
    door.environment["PYTHONPATH"] = str(site)
    return door


# A fault of the portal's own, as a new version may bring one.
POISON = """
import os
import signal
import sys
from importlib.abc import MetaPathFinder
from importlib.util import find_spec

def effect(true):
    def poisoned(content):
        name = content.person.family_name
        if name == "Kills":
            os.kill(os.getpid(), signal.SIGKILL)
        return fail if name == "Fails" else true(content)
    return poisoned

def fail(content, context):
    raise ZeroDivisionError

def kill(true):
    return lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)

class Poison(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "klisza.gateways.hl7v2.router":
            sys.meta_path.remove(self)
            spec = find_spec(name)
            load = spec.loader.exec_module
            def load_poisoned(module):
                load(module)
                module.NAME = WHAT(module.NAME)
            spec.loader.exec_module = load_poisoned
            return spec

sys.meta_path.insert(0, Poison())
"""
