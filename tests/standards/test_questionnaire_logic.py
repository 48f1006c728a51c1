"""enableWhen, dropped answers, checks, calculated values, flags and the response."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from klisza.standards.questionnaire import calculate, definition, flags, logic, response, validate
from klisza.standards.questionnaire.extensions import FHIR, SDC
from klisza.standards.questionnaire.places import walk

from .forms import choice, coding, form, question, said_of, variable, when

SLOW = [r"(([a-z])+.)+[A-Z]([a-z])+", r"(a|a|aa)+(b|c)", r"(.*a){25}b?!", r"(a?){60}(a{60}|x)y?z|q"]
ROOT = Path(__file__).resolve().parents[2]


def read(*items: dict[str, Any], **more: Any) -> definition.Definition:
    return definition.read(form(*items, **more))


def expression(name: str, text: str) -> dict[str, Any]:
    return {
        "url": SDC + f"sdc-questionnaire-{name}",
        "valueExpression": {"language": "text/fhirpath", "expression": text},
    }


ANSWERED = [
    ("integer", "=", {"answerInteger": 5}, {"valueInteger": 5}, True),
    ("integer", "!=", {"answerInteger": 5}, {"valueInteger": 5}, False),
    ("integer", ">", {"answerInteger": 5}, {"valueInteger": 6}, True),
    ("integer", "<", {"answerInteger": 5}, {"valueInteger": 5}, False),
    ("integer", ">=", {"answerInteger": 5}, {"valueInteger": 5}, True),
    ("integer", "<=", {"answerInteger": 5}, {"valueInteger": 6}, False),
    ("decimal", "=", {"answerDecimal": 1.50}, {"valueDecimal": 1.5}, True),
    ("decimal", ">", {"answerInteger": 1}, {"valueDecimal": 1.5}, True),
    ("string", "=", {"answerString": "a"}, {"valueString": "A"}, False),
    ("string", ">", {"answerString": "a"}, {"valueString": "b"}, True),
    ("boolean", "=", {"answerBoolean": False}, {"valueBoolean": False}, True),
    ("date", "<", {"answerDate": "2024-05-01"}, {"valueDate": "2023"}, True),
    ("date", "<", {"answerDate": "2024-05-01"}, {"valueDate": "2024"}, False),
    ("time", ">=", {"answerTime": "08:00:00"}, {"valueTime": "08:00"}, True),
    ("quantity", ">", {"answerQuantity": {"value": 70, "code": "kg"}}, {"valueQuantity": {"value": 71, "code": "kg"}}, True),
    ("quantity", ">", {"answerQuantity": {"value": 70, "code": "kg"}}, {"valueQuantity": {"value": 71, "code": "g"}}, False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "operator", "wanted", "said", "is_asked"), ANSWERED)
def test_every_operator_of_every_type(
    kind: str, operator: str, wanted: dict[str, Any], said: dict[str, Any], is_asked: bool
) -> None:
    made = read(question("q", kind), question("x", enableWhen=[when("q", operator, **wanted)]))
    assert ("x" in logic.enabled(made, {"q": [said]})) is is_asked


class TestConditions:
    def test_nothing_said_equals_nothing(self) -> None:
        made = read(
            question("q", "integer"),
            question("equal", enableWhen=[when("q", "=", answerInteger=1)]),
            question("other", enableWhen=[when("q", "!=", answerInteger=1)]),
            question("silent", enableWhen=[when("q", answerBoolean=False)]),
        )
        assert logic.enabled(made, {}) == {"q", "other", "silent"}

    def test_all_or_any_of_several(self) -> None:
        both = [when("a"), when("b")]
        made = read(
            question("a"), question("b"), question("all", enableWhen=both, enableBehavior="all"),
            question("any", enableWhen=both, enableBehavior="any"),
        )  # fmt: skip
        assert logic.enabled(made, {"a": [{"valueString": "x"}]}) == {"a", "b", "any"}

    def test_answers_of_what_is_not_asked_count_for_nothing(self) -> None:
        """hospital-integration 3.4: not stored, and nothing follows from them."""
        made = read(
            question("a", "boolean"),
            question("b", enableWhen=[when("a", "=", answerBoolean=True)]),
            question("c", enableWhen=[when("b")]),
        )
        said = {
            "a": [{"valueBoolean": False}],
            "b": [{"valueString": "old"}],
            "c": [{"valueString": "older"}],
        }
        assert logic.enabled(made, said) == {"a"}
        assert logic.kept(made, said) == {"a": [{"valueBoolean": False}]}
        assert [one["linkId"] for one in response.build(made, said)["item"]] == ["a"]

    def test_a_group_takes_along_what_it_holds(self) -> None:
        group = {"linkId": "g", "type": "group", "item": [question("in")], "enableWhen": [when("a")]}
        made = read(question("a"), group)
        assert logic.enabled(made, {"in": [{"valueString": "x"}]}) == {"a"}

    def test_the_nearest_question_of_a_repeated_group_is_meant(self) -> None:
        """R4, enableWhen.question: the same group, else the last one before."""
        inner = [
            question("allergy", "boolean"),
            question("which", enableWhen=[when("allergy", "=", answerBoolean=True)]),
        ]
        made = read(
            {"linkId": "drug", "type": "group", "repeats": True, "item": inner},
            question("after", enableWhen=[when("allergy", "=", answerBoolean=True)]),
        )
        said: dict[str, list[dict[str, Any]]] = {
            "drug": [{"instance": 0}, {"instance": 3}],
            "allergy@0": [{"valueBoolean": True}],
            "allergy@3": [{"valueBoolean": False}],
        }
        there = logic.enabled(made, said)
        assert "which@0" in there
        assert "which@3" not in there
        assert "after" not in there
        assert "after" in logic.enabled(made, said | {"allergy@3": [{"valueBoolean": True}]})

    def test_an_expression_opens_an_item(self) -> None:
        rule = expression("enableWhenExpression", "%resource.item.where(linkId='n').answer.value > 3")
        made = read(question("n", "integer"), question("x", extension=[rule]))
        assert "x" in logic.enabled(made, {"n": [{"valueInteger": 4}]})
        assert "x" not in logic.enabled(made, {"n": [{"valueInteger": 3}]})


def test_the_pages_script_decides_as_the_server(tmp_path: Path) -> None:
    """Branching in the browser and here: the same places for 300 sets of answers."""
    made = definition.read(big_form())
    cases = []
    chance = random.Random(7)
    for _number in range(300):
        said = random_answers(made, chance)
        cases.append(
            {"rules": logic.plan(made, said), "answers": said, "enabled": sorted(logic.enabled(made, said))}
        )
    (tmp_path / "cases.json").write_text(json.dumps(cases), "utf-8")
    script = ROOT / "klisza/questionnaires/static/questionnaires/branching.js"
    (tmp_path / "branching.mjs").write_text(script.read_text("utf-8"), "utf-8")
    (tmp_path / "run.mjs").write_text(
        'import { readFileSync } from "node:fs";import { enabled } from "./branching.mjs";'
        'const cases = JSON.parse(readFileSync("cases.json"));'
        "console.log(JSON.stringify(cases.map((one) => [...enabled(one.rules, one.answers)].sort())));",
        "utf-8",
    )
    told = subprocess.run(["node", "run.mjs"], cwd=tmp_path, capture_output=True, check=True, text=True)
    for case, answer in zip(cases, json.loads(told.stdout), strict=True):
        assert sorted(answer) == sorted(case["enabled"])


def big_form() -> dict[str, Any]:
    """Every type, every operator, groups in groups."""
    items: list[dict[str, Any]] = [
        question("b", "boolean"), choice("c", "x", "y", "z", repeats=True), question("i", "integer"),
        question("d", "decimal"), question("s"), question("t", "date"), question("h", "time"),
        question("q", "quantity"),
    ]  # fmt: skip
    asked = [
        ("b", "=", {"answerBoolean": True}), ("b", "!=", {"answerBoolean": True}), ("c", "=", {"answerCoding": coding("x")}),
        ("c", "!=", {"answerCoding": coding("y")}), ("i", ">", {"answerInteger": 2}), ("i", "<=", {"answerInteger": 2}),
        ("d", "<", {"answerDecimal": 1.5}), ("s", "=", {"answerString": "abc"}), ("s", ">=", {"answerString": "b"}),
        ("t", ">", {"answerDate": "2024-02-10"}), ("t", "<=", {"answerDate": "2024"}), ("h", "<", {"answerTime": "12:00:00"}),
        ("q", ">=", {"answerQuantity": {"value": 2, "code": "kg"}}), ("i", "exists", {"answerBoolean": False}),
    ]  # fmt: skip
    for number, (link_id, operator, answer) in enumerate(asked):
        items.append(question(f"e{number}", "boolean", enableWhen=[when(link_id, operator, **answer)]))
    pair = [when("e0", "=", answerBoolean=True), when("e4")]
    inner = {"linkId": "gg", "type": "group", "repeats": True, "item": [
        question("deep", "boolean"),
        question("deeper", enableWhen=[when("deep", "=", answerBoolean=True), when("top", "!=", answerBoolean=True)],
                 enableBehavior="any"),
    ]}  # fmt: skip
    items += [
        {"linkId": "g", "type": "group", "repeats": True, "item": [question("top", "boolean"), inner],
         "enableWhen": pair, "enableBehavior": "any"},
        question("last", enableWhen=[*pair, when("deep")], enableBehavior="all"),
    ]  # fmt: skip
    return form(*items)


def random_answers(made: definition.Definition, chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    values: dict[str, list[dict[str, Any]]] = {
        "boolean": [{"valueBoolean": True}, {"valueBoolean": False}],
        "choice": [{"valueCoding": coding(code)} for code in "xyz"],
        "integer": [{"valueInteger": n} for n in range(5)],
        "decimal": [{"valueDecimal": n} for n in (0.5, 1.5, 2)],
        "string": [{"valueString": text} for text in ("abc", "b", "")],
        "date": [{"valueDate": text} for text in ("2023", "2024", "2024-02", "2024-02-10", "2025-01-01")],
        "time": [{"valueTime": text} for text in ("08:00", "12:00:00", "13:30:00")],
        "quantity": [{"valueQuantity": {"value": n, "code": code}} for n in (1, 2.5) for code in ("kg", "g")],
    }
    said: dict[str, list[dict[str, Any]]] = {}
    for _round in range(3):  # groups first, then what stands in their instances
        for item, path in walk(made, said):
            if str(path) in said or chance.random() < 0.4:
                continue
            if item.is_loop:
                said[str(path)] = [
                    {"instance": n} for n in sorted(chance.sample(range(4), chance.randint(1, 2)))
                ]
            elif item.is_question:
                some = chance.sample(values[item.type], chance.randint(1, 2) if item.repeats else 1)
                said[str(path)] = [one for one in some if one != {"valueString": ""}]
    return said


def limited(kind: str, name: str, **value: Any) -> dict[str, Any]:
    return question("q", kind, extension=[said_of(name, value)])


class TestChecks:
    CASES: ClassVar[list[tuple[dict[str, Any], list[dict[str, Any]], str]]] = [
        (question("q", required=True), [], "required"),
        (question("q", maxLength=3), [{"valueString": "abcd"}], "too_long"),
        (limited("integer", "minValue", valueInteger=3), [{"valueInteger": 2}], "too_small"),
        (limited("decimal", "maxValue", valueDecimal=3), [{"valueDecimal": 3.1}], "too_large"),
        (limited("date", "maxValue", valueDate="2026-01-01"), [{"valueDate": "2026-02-01"}], "too_large"),
        (limited("decimal", "maxDecimalPlaces", valueInteger=1), [{"valueDecimal": 1.25}], "decimals"),
        (limited("string", "regex", valueString="[0-9]{2}"), [{"valueString": "1"}], "pattern"),
        (question("q", "date"), [{"valueDate": "2024-02-30"}], "type"),
        (question("q", "integer"), [{"valueInteger": True}], "type"),
        (question("q", "url"), [{"valueUri": "javascript:alert(1)"}], "type"),
        (choice("q", "a", "b"), [{"valueCoding": coding("c")}], "option"),
        (choice("q", "a", "b"), [{"valueCoding": coding("a")}, {"valueCoding": coding("b")}], "too_many"),
        (
            limited("string", "questionnaire-minOccurs", valueInteger=2) | {"repeats": True},
            [{"valueString": "one"}],
            "too_few",
        ),
        (
            limited("quantity", "questionnaire-unitOption", valueCoding={"code": "kg"}),
            [{"valueQuantity": {"value": 1, "code": "lb"}}],
            "unit",
        ),
        (
            limited("attachment", "mimeType", valueCode="image/png"),
            [{"valueAttachment": {"contentType": "text/html"}}],
            "mime",
        ),
    ]

    @pytest.mark.parametrize(("item", "said", "code"), CASES)
    def test_each_limit_has_its_fault(
        self, item: dict[str, Any], said: list[dict[str, Any]], code: str
    ) -> None:
        assert [one.code for one in validate.check(read(item), {"q": said} if said else {})] == [code]

    def test_required_only_where_asked(self) -> None:
        made = read(question("a", "boolean"), question("b", required=True, enableWhen=[when("a")]))
        assert validate.check(made, {}) == []
        assert [one.path for one in validate.check(made, {"a": [{"valueBoolean": False}]})] == ["b"]

    def test_none_of_the_above_goes_alone(self) -> None:
        options = [
            {"valueCoding": coding("a")},
            {
                "valueCoding": coding("none"),
                "extension": [{"url": FHIR + "questionnaire-optionExclusive", "valueBoolean": True}],
            },
        ]
        made = read(question("q", "choice", repeats=True, answerOption=options))
        both = {"q": [{"valueCoding": coding("a")}, {"valueCoding": coding("none")}]}
        assert [one.code for one in validate.check(made, both)] == ["exclusive"]

    def test_own_words_in_an_open_choice(self) -> None:
        made = read(question("q", "open-choice", answerOption=[{"valueCoding": coding("a")}]))
        assert validate.check(made, {"q": [{"valueString": "something else"}]}) == []

    @pytest.mark.parametrize("pattern", SLOW)
    def test_a_slow_pattern_holds_nobody_up(self, pattern: str) -> None:
        """Staff's own, by mistake: it would take minutes, or for ever."""
        made = read(question("q", extension=[said_of("regex", {"valueString": pattern})]))
        begun = time.process_time()
        validate.check(made, {"q": [{"valueString": "a" * 60}]})
        assert time.process_time() - begun < 5 * validate.PATTERN_SECONDS

    def test_strange_places_are_named(self) -> None:
        assert [
            one.code for one in validate.check(read(question("q")), {"gone": [{"valueString": "x"}]})
        ] == ["unknown"]


class TestCalculated:
    def test_body_mass_index(self) -> None:
        made = read(
            question("kg", "decimal"), question("cm", "decimal"),
            question("bmi", "decimal", extension=[expression("calculatedExpression", "(%kg / (%cm * %cm / 10000)).round(1)")]),
            extension=[variable(name) for name in ("kg", "cm")],
        )  # fmt: skip
        said: dict[str, list[dict[str, Any]]] = {"kg": [{"valueDecimal": 81}], "cm": [{"valueDecimal": 180}]}
        assert calculate.calculated(made, said)["bmi"] == [{"valueDecimal": 25.0}]
        assert calculate.calculated(made, {"kg": said["kg"]})["bmi"] == []

    def test_glomerular_filtration_rate(self) -> None:
        """CKD-EPI 2021 of a woman of 60 with 1.0 mg/dl: 64 ml/min."""
        formula = (
            "(142 * iif(%scr / 0.7 < 1, (%scr / 0.7).power(-0.241), (%scr / 0.7).power(-1.200))"
            " * (0.9938).power(%age) * 1.012).round(0)"
        )
        made = read(
            question("scr", "decimal"), question("age", "integer"),
            question("egfr", "decimal", extension=[expression("calculatedExpression", formula)]),
            extension=[variable(name) for name in ("scr", "age")],
        )  # fmt: skip
        said = {"scr": [{"valueDecimal": 1.0}], "age": [{"valueInteger": 60}]}
        assert calculate.calculated(made, said)["egfr"] == [{"valueDecimal": 64}]

    def test_no_filtration_rate_without_the_sex(self) -> None:
        """Our own template: nobody is taken for a man because nothing was said."""
        ready = ROOT / "klisza" / "questionnaires" / "ready" / "contrast.json"
        made = definition.read(json.loads(ready.read_text("utf-8")))
        said = {"creatinine": [{"valueDecimal": 1.0}], "age": [{"valueInteger": 60}]}
        woman = next(
            one.answer for one in made.item("sex").options if one.answer["valueCoding"]["code"] == "female"
        )
        assert calculate.calculated(made, said)["egfr"] == []
        assert calculate.calculated(made, said | {"sex": [woman]})["egfr"] == [{"valueDecimal": 64}]

    def test_the_name_stands_there_beforehand(self) -> None:
        made = read(
            question("name", extension=[expression("initialExpression", "%patient.name.first().family")]),
            question("fixed", "integer", initial=[{"valueInteger": 7}]),
        )
        patient = {"resourceType": "Patient", "name": [{"family": "Żak", "given": ["Ewa"]}]}
        assert calculate.initials(made, patient=patient) == {
            "name": [{"valueString": "Żak"}],
            "fixed": [{"valueInteger": 7}],
        }
        assert calculate.initials(made, {"name": []}, patient=patient) == {"fixed": [{"valueInteger": 7}]}


def test_safety_answers_raise_flags() -> None:
    """N20"""

    def flag(text: str, severity: str, **answer: Any) -> dict[str, Any]:
        parts = [{"url": "text", "valueString": text}, {"url": "severity", "valueCode": severity}]
        return {"url": flags.URL, "extension": [*parts, *([{"url": "when", **answer}] if answer else [])]}

    made = read(
        question("note", extension=[flag("Note", "info")]),
        question("pacemaker", "boolean", extension=[flag("Pacemaker", "danger", valueBoolean=True)]),
    )
    said = {"note": [{"valueString": "x"}], "pacemaker": [{"valueBoolean": True}]}
    assert [(one.text, one.severity) for one in flags.raised(made, said)] == [
        ("Pacemaker", "danger"),
        ("Note", "info"),
    ]
    assert flags.raised(made, {"pacemaker": [{"valueBoolean": False}]}) == []


def test_the_response_holds_groups_and_nested_questions() -> None:
    group = {"linkId": "g", "type": "group", "repeats": True, "item": [question("q", item=[question("why")])]}
    made = definition.read(form(group, url="https://example.org/f", version="2"))
    said = {
        "g": [{"instance": 0}, {"instance": 2}],
        "q@0": [{"valueString": "one"}], "why@0": [{"valueString": "because"}], "q@2": [{"valueString": "two"}],
    }  # fmt: skip
    built = response.build(made, said, authored="2026-11-23T12:00:00+01:00")
    assert built["questionnaire"] == "https://example.org/f|2"
    assert built["status"] == "completed"
    first, second = built["item"]
    answer = first["item"][0]["answer"][0]
    assert answer["valueString"] == "one"
    assert answer["item"][0]["answer"] == [{"valueString": "because"}]
    assert second["item"][0]["answer"] == [{"valueString": "two"}]


class TestWhatIsAskedAboutEachAnswer:
    """R4: items below a question that repeats are asked about each of its answers."""

    DRUG = question("drug", repeats=True, text="Lek", item=[
        question("dose", "integer", enableWhen=[when("drug", "=", answerString="Metformina")]),
        {"linkId": "since", "type": "group", "item": [question("year", "integer")]},
    ])  # fmt: skip
    SAID: ClassVar[dict[str, list[dict[str, Any]]]] = {
        "drug#": [{"instance": 0}, {"instance": 2}],
        "drug@0": [{"valueString": "Aspiryna"}],
        "dose@0": [{"valueInteger": 1}],
        "drug@2": [{"valueString": "Metformina"}],
        "dose@2": [{"valueInteger": 500}],
        "year@2": [{"valueInteger": 2019}],
    }

    def test_each_has_its_own_items(self) -> None:
        made = read(self.DRUG)
        assert "dose@2" in logic.enabled(made, self.SAID)
        assert "dose@0" not in logic.enabled(made, self.SAID)
        assert validate.check(made, logic.kept(made, self.SAID)) == []

    def test_the_response_nests_them_below_their_answer(self) -> None:
        [item] = response.build(read(self.DRUG), self.SAID)["item"]
        assert (item["linkId"], item["text"]) == ("drug", "Lek")
        first, second = item["answer"]
        assert first == {"valueString": "Aspiryna"}
        assert [one["linkId"] for one in second["item"]] == ["dose", "since"]
        assert second["item"][1]["item"][0]["answer"] == [{"valueInteger": 2019}]

    def test_one_that_was_added_and_left_empty_is_no_answer(self) -> None:
        said = self.SAID | {"drug#": [{"instance": number} for number in (0, 2, 3)]}
        assert response.build(read(self.DRUG), said) == response.build(read(self.DRUG), self.SAID)
        assert "item" not in response.build(read(self.DRUG), {})

    def test_others_ask_for_any_of_the_answers(self) -> None:
        """Also the script: all places are named."""
        after = question("after", enableWhen=[when("drug", "=", answerString="Aspiryna")])
        made = read(self.DRUG, after)
        assert "after" in logic.enabled(made, self.SAID)
        assert logic.plan(made, self.SAID)["after"]["when"][0][0] == ["drug@0", "drug@2"]

    def test_expressions_see_what_fhir_says(self) -> None:
        total = question("sum", "integer", extension=[
            expression("calculatedExpression", "%resource.item.where(linkId='drug').answer.count()")
        ])  # fmt: skip
        assert calculate.calculated(read(self.DRUG, total), self.SAID)["sum"] == [{"valueInteger": 2}]

    def test_limits_are_those_of_all_answers(self) -> None:
        bounded = self.DRUG | {
            "required": True,
            "extension": [said_of("questionnaire-maxOccurs", {"valueInteger": 1})],
        }
        made = read(bounded)
        assert [one.code for one in validate.check(made, self.SAID)][:1] == ["too_many"]
        assert [(one.path, one.code) for one in validate.check(made, {})] == [("drug@0", "required")]

    def test_boxes_to_tick_are_one_question(self) -> None:
        boxes = choice("c", "a", "b", repeats=True, item=[question("which")])
        boxes["extension"] = [
            said_of(
                "questionnaire-itemControl", {"valueCodeableConcept": {"coding": [{"code": "check-box"}]}}
            )
        ]
        assert {"c", "which"} == set(read(boxes).by_link)
        assert "c#" in read(boxes | {"extension": []}).by_link
