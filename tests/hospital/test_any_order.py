"""L7, L8: whatever comes first, the patient ends up seeing the same, and nobody else sees it meanwhile.

Every sequence is a person of its own: an old record, a surviving one, one order, one study, one report.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from tests.portal import Portal, running
from tests.stories.visitor import Visitor, read_account_mail

from . import messages
from .messages import Subject, later
from .mllp import Line, answer_of
from .pacs import send_study

BEGIN = datetime(2026, 3, 2, 8, 0)
PARTS = ("adt", "order", "images", "report")
ORDERS = list(itertools.permutations(PARTS))
SEED = 20261123
# What the surviving person's gate opens, by natural content: no ids of ours, no times of arrival.
VIEW = """
import json
from klisza.audit.actor import SYSTEM
from klisza.examinations import queries
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
views = {}
for row in PatientIdentifier.objects.filter(value__startswith="NEW-").select_related("patient"):
    person = patients.survivor(row.patient)
    viewer = patients.viewer_for_staff(person, SYSTEM, reason="test")
    found = []
    for examination in queries.visible(viewer, purpose="list").order_by("performed_at"):
        shown = queries.shown_reports(examination)
        found.append({
            "kind": examination.kind, "state": examination.state, "images": examination.images,
            "count": examination.images_received, "report": examination.report,
            "performed": examination.performed_at.isoformat(), "code": examination.procedure_code,
            "ward": examination.ward_code, "studies": len(queries.study_ids(examination)),
            "texts": [version.version.sections for version in shown],
            "statuses": [version.version.status for version in shown],
        })
    views.setdefault(row.value, []).append({
        "name": patients.full_name(person), "born": str(person.birth_date), "examinations": found,
        "records": len(patients.aliases(person)),
    })
print("VIEW" + json.dumps(views))
"""


@dataclass(frozen=True)
class Sequence:
    """order: of the four parts; merge_at: before which of them the A40 comes (4 = last)."""

    number: int
    order: tuple[str, ...]
    merge_at: int
    adt_of_survivor: bool

    @property
    def old(self) -> Subject:
        return Subject(f"OLD-{self.number:04}")

    @property
    def new(self) -> Subject:
        return Subject(f"NEW-{self.number:04}")

    @property
    def steps(self) -> list[str]:
        steps = list(self.order)
        steps.insert(self.merge_at, "merge")
        return steps


def _sequences(*, long: bool) -> list[Sequence]:
    """All orders times all places of the merge; the short form takes each order once and each place often."""
    chance = random.Random(SEED)
    both = [(order, place) for order in ORDERS for place in range(len(PARTS) + 1)]
    chosen = both if long else [(order, number % 5) for number, order in enumerate(ORDERS)]
    copies = 2 if long else 1
    return [
        Sequence(number, order, place, chance.random() < 0.5)
        for number, (order, place) in enumerate(chosen * copies)
    ]


class Hospital:
    """Sends the steps of one sequence; the times in the messages never depend on their order."""

    def __init__(self, portal: Portal, sequence: Sequence) -> None:
        self.portal, self.sequence = portal, sequence
        self.study = generate_uid()

    def run(self) -> list[str]:
        """What was answered to the messages."""
        with Line(self.portal.hl7, seconds=120) as line:
            return [answer for step in self.sequence.steps for answer in self._do(step, line)]

    def _do(self, step: str, line: Line) -> list[str]:
        if step == "images":
            self._send_images()
            return []
        makers: dict[str, Callable[[], bytes]] = {
            "adt": self._adt, "order": self._order, "report": self._report, "merge": self._merge,
        }  # fmt: skip
        return [answer_of(line.send(makers[step]()))]

    def _adt(self) -> bytes:
        return messages.admission(
            "A28", self.sequence.new if self.sequence.adt_of_survivor else self.sequence.old, BEGIN
        )

    def _merge(self) -> bytes:
        return messages.admission("A40", self.sequence.new, later(BEGIN, 300), prior=self.sequence.old.mrn)

    def _order(self) -> bytes:
        return messages.order(
            self.sequence.old, later(BEGIN, 10), number=self._number, accession=self._accession,
            planned=later(BEGIN, 60), study=self.study,
        )  # fmt: skip

    def _report(self) -> bytes:
        return messages.report(
            self.sequence.old, later(BEGIN, 200), number=self._number, accession=self._accession,
            performed=later(BEGIN, 60), paragraphs=["Bez zmian."],
        )  # fmt: skip

    def _send_images(self) -> None:
        send_study(
            self.portal.dicom, patient_id=self.sequence.old.mrn, name="Żółć^Świętosława", birth="19600229",
            study=self.study, accession=self._accession, images=2, StudyDate="20260302", StudyTime="090000",
        )  # fmt: skip

    @property
    def _number(self) -> str:
        return f"N{self.sequence.number:04}"

    @property
    def _accession(self) -> str:
        return f"A{self.sequence.number:04}"


class Onlooker:
    """Patient B: signed in all the time, asks for the list and sees whatever the portal shows."""

    def __init__(self, portal: Portal) -> None:
        contact = ("obca@poczta.example", "+48600100888")
        with Line(portal.hl7) as line:
            subject = Subject("B-0001", family="Obca", given="Beata", email=contact[0], mobile=contact[1])
            assert answer_of(line.send(messages.admission("A28", subject, BEGIN))) == "AA"
        self.visitor = Visitor(portal)
        self.visitor.sign_in(read_account_mail(portal, *contact))
        self.stop = threading.Event()
        self.seen: list[str] = []
        self.looks = 0
        self.thread = threading.Thread(target=self._look)

    def __enter__(self) -> Onlooker:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        self.visitor.close()

    def _look(self) -> None:
        while not self.stop.wait(0.2):
            for page in ("/examinations/", "/documents/"):
                answer = self.visitor.open(page)
                self.looks += 1
                foreign = ("Świętosława", "Bez zmian.", "Obrazy dostępne", "Opis dostępny")
                self.seen += [word for word in foreign if word in answer.text]


@pytest.fixture(scope="module")
def own_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Its own: every other test's people would stand in the way of the comparison."""
    with running(tmp_path_factory.mktemp("orders")) as portal:
        yield portal


def _views(portal: Portal) -> dict[str, list[dict[str, Any]]]:
    out = portal.klisza("shell", "-c", VIEW).stdout
    found: dict[str, list[dict[str, Any]]] = json.loads(out.partition("VIEW")[2])
    return found


def _ends(views: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {json.dumps(view, sort_keys=True, ensure_ascii=False) for view in views.values()}


def _is_complete(views: dict[str, list[dict[str, Any]]], expected: int) -> bool:
    """Everything is there; in between, a date may still be the order's and not the images'."""
    return len(views) == expected and all(
        len(view) == 1
        and [(row["images"], row["report"]) for row in view[0]["examinations"]]
        == [("available", "available")]
        for view in views.values()
    )


def _check(portal: Portal, sequences: list[Sequence], report: Path) -> None:
    with Onlooker(portal) as onlooker, ThreadPoolExecutor(4) as hospitals:
        answers = list(hospitals.map(lambda one: Hospital(portal, one).run(), sequences))
        assert {answer for row in answers for answer in row} == {"AA"}
        views: dict[str, list[dict[str, Any]]] = {}

        def look() -> bool:
            views.clear()
            views.update(_views(portal))
            return _is_complete(views, len(sequences)) and len(_ends(views)) == 1

        try:
            portal.wait_for(look, seconds=90 + 2 * len(sequences), what="every sequence at its end")
        finally:
            report.write_text(json.dumps({str(one): views.get(one.new.mrn) for one in sequences}, indent=1))
    (end,) = views[sequences[0].new.mrn]
    assert end["name"] == "Świętosława Żółć"
    assert end["examinations"][0]["count"] == 2
    assert end["records"] == 2
    assert onlooker.looks > 10
    assert onlooker.seen == []


class TestAnyOrderEndsAlike:
    def test_every_order_with_a_merge(self, own_portal: Portal, tmp_path: Path) -> None:
        """L7, L8: each of the 24 orders, the A40 at a changing place."""
        _check(own_portal, _sequences(long=False), tmp_path / "views.json")

    @pytest.mark.long
    def test_every_order_and_every_place(self, tmp_path: Path) -> None:
        """The same with the A40 at each of the five places, twice: 240 people."""
        folder = tmp_path / "portal"
        folder.mkdir()
        with running(folder) as portal:
            _check(portal, _sequences(long=True), tmp_path / "views.json")
