"""Enabled places and dropped answers are those of LHC-Forms (docs/conformance/questionnaires.md)."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klisza.standards.questionnaire import definition, logic
from klisza.standards.questionnaire.errors import Refused
from klisza.standards.questionnaire.model import Definition

from .filled import answers, response

ROOT = Path(__file__).resolve().parents[2]
LFORMS = ROOT / "tests" / "lforms"
READY = ROOT / "klisza" / "questionnaires" / "ready"
pytestmark = pytest.mark.skipif(
    not (LFORMS / "node_modules" / "lforms").is_dir() or not shutil.which("node"), reason="no LHC-Forms"
)
# Meant, each with its reason in docs/conformance/questionnaires.md: LHC-Forms does not order texts and dates, does not
# compare a date that was typed, and keeps the answer of an item that only an expression hides.
ORDERED = {"Q4-equal", "Q4-ge", "Q7-gt", "Q7-ge", "Q7-ge2", "Q7-lt", "Q7-le", "Q7-le2"}
BY_EXPRESSION = {"Q10-ewe"}


@pytest.fixture(scope="module")
def forms(samples: Path) -> list[tuple[str, dict[str, Any], Definition]]:
    """Every questionnaire that can be asked; those with conditions first."""
    files = [*READY.glob("*.json"), *sorted((samples / "fhir").rglob("*.json"))]
    found = []
    for file in files:
        resource = repaired(json.loads(file.read_text(encoding="utf-8")))
        try:
            found.append((file.name, resource, definition.read(resource)))
        except Refused:
            continue
    return sorted(found, key=lambda one: not any(item.conditions for item in one[2].walk()))


def repaired(resource: dict[str, Any]) -> dict[str, Any]:
    """One sample compares dates with answerInteger and a time with answerDate: not what FHIR allows."""
    resource = copy.deepcopy(resource)
    waiting = list(resource.get("item") or []) if resource.get("resourceType") == "Questionnaire" else []
    while waiting:
        item = waiting.pop()
        waiting += item.get("item", [])
        for condition in item.get("enableWhen", []):
            if isinstance(condition.get("answerInteger"), str):
                condition["answerDate"] = condition.pop("answerInteger")
            if ":" in str(condition.get("answerDate", "")):
                condition["answerTime"] = condition.pop("answerDate")
    return resource


def compared(forms: list[tuple[str, dict[str, Any], Definition]], count: int, first: int) -> list[str]:
    """Differences in words."""
    branching = [one for one in forms if any(item.conditions for item in one[2].walk())]
    chosen = [
        (
            number,
            *(forms if number % 4 == 3 else branching)[number % len(forms if number % 4 == 3 else branching)],
        )
        for number in range(first, first + count)
    ]
    sets = [(number, name, told, answers(told, number)) for number, name, _resource, told in chosen]
    lines = [
        json.dumps({"questionnaire": resource, "response": response(told, said)})
        for (_n, _name, resource, told), (_m, _same, _told, said) in zip(chosen, sets, strict=True)
    ]
    ran = subprocess.run(
        ["node", str(LFORMS / "run.js")], input="\n".join(lines) + "\n", capture_output=True, text=True,
        timeout=600, check=True,
    )  # fmt: skip
    theirs = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(theirs) == count, ran.stderr[-500:]
    assert any(len(logic.kept(told, said)) < len(said) for _n, _name, told, said in sets), "nothing to drop"
    return [
        difference
        for (number, name, told, said), their in zip(sets, theirs, strict=True)
        for difference in differences(f"{name} #{number}", told, said, their)
    ]


def differences(name: str, told: Definition, said: dict[str, Any], their: dict[str, Any]) -> Iterator[str]:
    if "fault" in their:
        yield f"{name}: {their['fault']}"
        return
    ours, seen = logic.enabled(told, said), set(their["enabled"])
    for path in sorted(ours ^ seen):
        if not (path in ORDERED and path in ours):
            yield f"{name}: {path} is asked by {'us' if path in ours else 'them'} only"
    kept: dict[str, int] = {}
    for path, values in logic.kept(told, said).items():
        item, _place = told.place(path)
        if item.is_question and path not in ORDERED:
            kept[item.link_id] = kept.get(item.link_id, 0) + len(values)
    for link_id in sorted((kept.keys() | their["answered"].keys()) - ORDERED - BY_EXPRESSION):
        mine, other = kept.get(link_id, 0), their["answered"].get(link_id, 0)
        if mine != other:
            yield f"{name}: {link_id} has {mine} answers with us, {other} with them"


def test_twenty_seeded_answer_sets_agree(forms: list[tuple[str, dict[str, Any], Definition]]) -> None:
    assert compared(forms, 20, 0) == []


@pytest.mark.long
def test_five_hundred_answer_sets_agree(forms: list[tuple[str, dict[str, Any], Definition]]) -> None:
    assert compared(forms, 500, 1000) == []
