"""Enabled places and dropped answers are those of LHC-Forms (docs/conformance/questionnaires.md)."""

from __future__ import annotations

import copy
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klisza.standards.questionnaire import calculate, definition, logic
from klisza.standards.questionnaire.errors import Refused
from klisza.standards.questionnaire.model import Definition
from klisza.standards.questionnaire.values import value_of

from .filled import answers, response
from .forms import form, question, when

ROOT = Path(__file__).resolve().parents[2]
LFORMS = ROOT / "tests" / "lforms"
READY = ROOT / "klisza" / "questionnaires" / "ready"
pytestmark = pytest.mark.skipif(
    not (LFORMS / "node_modules" / "lforms").is_dir() or not shutil.which("node"), reason="no LHC-Forms"
)
# Meant, each with its reason in docs/conformance/questionnaires.md: LHC-Forms does not order texts and dates, does not
# compare a date that was typed, and keeps the answer of an item that only an expression hides.
ORDERED = {"Q4-equal", "Q4-ge", "Q7-gt", "Q7-ge", "Q7-ge2", "Q7-lt", "Q7-le", "Q7-le2"}
# It loads several answers with items below some of them, but not all such.
TOO_MUCH = "item.answer.item with item.answer.length > 1 is not yet supported"
BY_EXPRESSION = {"Q10-ewe"}

# Items below each answer of a question; the samples have them below choices only.
SERIES = form(
    question("drug", repeats=True, item=[
        question("dose", "integer", enableWhen=[when("drug", "=", answerString="A")]),
        {"linkId": "taken", "type": "group", "item": [question("since", "integer")]},
    ])
)  # fmt: skip


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
    found.append(("series", SERIES, definition.read(SERIES)))
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
    theirs = heard(lines)
    assert any(len(logic.kept(told, said)) < len(said) for _n, _name, told, said in sets), "nothing to drop"
    return [
        difference
        for (number, name, told, said), their in zip(sets, theirs, strict=True)
        for difference in differences(f"{name} #{number}", told, said, their)
    ]


def heard(lines: list[str]) -> list[dict[str, Any]]:
    """What LHC-Forms makes of each."""
    ran = subprocess.run(
        ["node", str(LFORMS / "run.js")], input="\n".join(lines) + "\n", capture_output=True, text=True,
        timeout=600, check=True,
    )  # fmt: skip
    theirs = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(theirs) == len(lines), ran.stderr[-500:]
    return theirs


def differences(name: str, told: Definition, said: dict[str, Any], their: dict[str, Any]) -> Iterator[str]:
    if TOO_MUCH in their.get("fault", "") and any(one.is_series for one in told.walk()):
        return
    if "fault" in their:
        yield f"{name}: {their['fault']}"
        return
    ours, seen = logic.enabled(told, said), set(their["enabled"])
    # Around each answer of a question that repeats stands a group of ours, which nobody sees.
    ours -= {path for path in ours if told.place(path)[0].is_series}
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


# What the expression is worked out from: link id -> its smallest and largest value, with how many decimals, or codes.
MEASURED: dict[str, dict[str, Any]] = {
    "mri-safety.json": {"weight": (3, 180, 1), "height": (50, 210, 0)},
    "contrast.json": {"creatinine": (0.3, 9, 2), "age": (18, 101, 0), "sex": ("female", "male")},
    "weightHeightQuestionnaire.json": {"/29463-7": (3, 180, 1), "/8302-2": (20, 80, 1)},  # kg and inches
}


def measured(told: Definition, limits: dict[str, Any], seed: int) -> dict[str, Any]:
    """One of them is sometimes left out: then there is no value."""
    chance = random.Random(seed)
    found = {}
    for link_id, limit in limits.items():
        item = told.item(link_id)
        if item.options:
            code = chance.choice(limit)
            found[link_id] = [
                dict(one.answer) for one in item.options if one.answer["valueCoding"]["code"] == code
            ]
            continue
        low, high, decimals = limit
        value = round(chance.uniform(low, high), decimals)
        key = "valueInteger" if item.type == "integer" else "valueDecimal"
        found[link_id] = [{key: int(value) if not decimals else value}]
    if chance.random() < 0.2:
        del found[chance.choice(sorted(found))]
    return found


def compared_values(forms: list[tuple[str, dict[str, Any], Definition]], count: int) -> list[str]:
    """BMI and eGFR to the last digit."""
    chosen = [one for one in forms if one[0] in MEASURED]
    assert len(chosen) >= 2
    sets = [
        (
            *chosen[n % len(chosen)],
            measured(chosen[n % len(chosen)][2], MEASURED[chosen[n % len(chosen)][0]], n),
        )
        for n in range(count)
    ]
    lines = [
        json.dumps({"questionnaire": resource, "response": response(told, said), "calculate": True})
        for _name, resource, told, said in sets
    ]
    found, values = [], 0
    for (name, _resource, told, said), their in zip(sets, heard(lines), strict=True):
        ours = calculate.calculated(told, said)
        for item in told.walk():
            if item.calculated:
                mine = [value_of(one) for one in ours.get(item.link_id, ())]
                values += len(mine)
                if mine != their["calculated"].get(item.link_id, []):
                    found.append(f"{name} {said}: {mine} with us, {their['calculated']} with them")
    assert values > count / 2, "hardly anything to work out"
    return found


def test_calculated_values_agree_to_the_last_digit(
    forms: list[tuple[str, dict[str, Any], Definition]],
) -> None:
    """N20: BMI, eGFR by CKD-EPI 2021."""
    assert compared_values(forms, 30) == []


@pytest.mark.long
def test_calculated_values_agree_five_hundred_times(
    forms: list[tuple[str, dict[str, Any], Definition]],
) -> None:
    assert compared_values(forms, 500) == []
