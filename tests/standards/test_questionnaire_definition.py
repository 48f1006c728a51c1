"""Reading a FHIR R4 Questionnaire: taken as it is, or refused with the item that stops it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from klisza.standards.questionnaire import definition
from klisza.standards.questionnaire.errors import Refused, UnknownPath
from klisza.standards.questionnaire.extensions import FHIR, SDC
from klisza.standards.questionnaire.pages import page_of, pages
from klisza.standards.questionnaire.paths import Path as Place

from .forms import form, question, said_of, when


def read(*items: dict[str, Any], **more: Any) -> definition.Definition:
    return definition.read(form(*items, **more))


class TestEverySampleOfTheStandard:
    def test_is_read_or_refused_by_name(self, samples: Path) -> None:
        files = [
            *samples.glob("fhir/questionnaires/**/*.json"),
            *samples.glob("fhir/**/Questionnaire-*.json"),
        ]
        resources = [json.loads(path.read_text("utf-8")) for path in files]
        resources = [one for one in resources if one.get("resourceType") == "Questionnaire"]
        if not resources:
            pytest.skip("no questionnaires among the samples")
        taken, refused = 0, []
        for resource in resources:
            try:
                taken += bool(definition.read(resource).by_link)
            except Refused as refusal:
                refused.append((refusal.link_id, refusal.reason))
        assert taken >= len(resources) // 2
        assert all(reason for _link_id, reason in refused)
        # Only one sample has an item without any name; it is refused by where it stands.
        assert len([1 for link_id, _reason in refused if not link_id]) <= 1


def asking(of: str, operator: str = "exists", **answer: Any) -> dict[str, Any]:
    return {"type": "string", "enableWhen": [when(of, operator, **answer)]}


BROKEN: dict[str, Any] = {"valueExpression": {"language": "text/fhirpath", "expression": "1 +"}}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"type": "reference"}, "reference"),
    ({"type": "choice"}, "nothing to choose"),
    ({"type": "choice", "answerValueSet": "http://example.org/vs"}, "elsewhere"),
    ({"type": "choice", "answerValueSet": "#gone"}, "missing"),
    ({"type": "telepathy"}, "not known"),
    ({}, "no type"),
    ({"type": "display", "item": [question("y")]}, "que-6"),
    (asking("gone"), "not there"),
    (asking("x"), "circle"),
    (asking("q", "=", answerInteger=1), "another type"),
    ({"type": "string", "enableWhen": [when("q"), when("q")]}, "que-12"),
    ({"type": "integer", "initial": [{"valueString": "one"}]}, "initial"),
    ({"type": "string", "extension": [said_of("regex", {"valueString": "("})]}, "regular expression"),
    ({"type": "string", "extension": [said_of("regex", {"valueString": "a" * 1001})]}, "longer than 1000"),
    ({"type": "string", "modifierExtension": [{"url": "http://example.org/not"}]}, "modifier"),
    (
        {"type": "decimal", "extension": [{"url": SDC + "sdc-questionnaire-calculatedExpression"} | BROKEN]},
        "FHIRPath",
    ),
    (
        {
            "type": "decimal",
            "extension": [said_of("minValue", {"valueInteger": 5}), said_of("maxValue", {"valueInteger": 1})],
        },
        "larger",
    ),
    ({"linkId": "x@1", "type": "string"}, "place of an answer"),
    ({"linkId": "q", "type": "string"}, "two items"),
]


@pytest.mark.parametrize(("item", "reason"), REFUSED)
def test_what_cannot_be_asked_is_refused_by_name(item: dict[str, Any], reason: str) -> None:
    item = {"linkId": "x"} | item
    with pytest.raises(Refused) as refused:
        read(question("q", "boolean"), item)
    assert refused.value.link_id == item["linkId"]
    assert reason in refused.value.reason


def test_circles_over_groups_are_found() -> None:
    inner = question("inner", "boolean")
    group = {"linkId": "g", "type": "group", "item": [inner]} | {
        "enableWhen": [{"question": "inner", "operator": "exists", "answerBoolean": True}]
    }
    with pytest.raises(Refused, match="circle"):
        read(group)


class TestWhatAnItemSays:
    def test_options_come_from_the_contained_value_set(self) -> None:
        value_set = {
            "resourceType": "ValueSet", "id": "vs",
            "expansion": {"contains": [{"abstract": True, "contains": [{"system": "s", "code": "a", "display": "A"}]}]},
        }  # fmt: skip
        made = read(question("q", "choice", answerValueSet="#vs"), contained=[value_set])
        assert [one.label for one in made.item("q").options] == ["A"]

    def test_a_translation_is_read_for_its_language(self) -> None:
        texts = [
            {"url": "lang", "valueCode": "pl"},
            {"url": "content", "valueString": "Czy masz rozrusznik?"},
        ]
        item = question(
            "q", "boolean", _text={"extension": [{"url": FHIR + "translation", "extension": texts}]}
        )
        assert definition.read(form(item), language="pl").item("q").text == "Czy masz rozrusznik?"
        assert definition.read(form(item), language="uk").item("q").text == "Question q"

    def test_help_belongs_to_its_question(self) -> None:
        helper = {"linkId": "h", "type": "display", "text": "See the label.", "extension": [control("help")]}
        made = read(question("q", item=[helper]))
        assert made.item("q").help == "See the label."
        assert "h" not in made.by_link


def control(code: str) -> dict[str, Any]:
    return {"url": FHIR + "questionnaire-itemControl", "valueCodeableConcept": {"coding": [{"code": code}]}}


class TestPlaces:
    def test_paths_name_instances_of_groups(self) -> None:
        made = read({"linkId": "g", "type": "group", "repeats": True, "item": [question("q")]})
        assert made.place("q@2")[1] == Place("q", (2,))
        for wrong in ("q", "q@", "q@01", "q@1.1", "q@-1", "g@0", "gone", "q@9999"):
            with pytest.raises(UnknownPath):
                made.place(wrong)

    def test_a_page_for_each_group_and_between(self) -> None:
        group = {"linkId": "g", "type": "group", "text": "Allergies", "item": [question("in")]}
        made = read(*(question(f"a{n}") for n in range(10)), group, question("z"))
        found = pages(made)
        assert [(len(page.items), page.title) for page in found] == [
            (8, ""),
            (2, ""),
            (1, "Allergies"),
            (1, ""),
        ]
        assert [page.number for page in found] == [0, 1, 2, 3]
        assert page_of(made, "in") == 2

    def test_one_group_around_groups_is_no_page(self) -> None:
        inner = [
            {"linkId": f"g{n}", "type": "group", "text": f"G{n}", "item": [question(f"q{n}")]} for n in (1, 2)
        ]
        made = read({"linkId": "root", "type": "group", "text": "All", "item": inner})
        assert [page.title for page in pages(made)] == ["G1", "G2"]
