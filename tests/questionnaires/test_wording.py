"""What is wrong, in words: every fault has its sentence, every answer its text."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from klisza.questionnaires import reciting, wording
from klisza.standards.questionnaire import definition
from klisza.standards.questionnaire.model import Item
from tests.standards.forms import form, question, said_of

CODES = {
    "required": "", "type": "", "option": "", "exclusive": "", "too_long": "20", "too_small": "1.5", "too_large": "2024-05-17",
    "decimals": "2", "pattern": "00-000", "too_few": "2", "too_many": "1", "unit": "", "mime": "image/png", "size": "2097152",
}  # fmt: skip


def item(kind: str = "string", **more: Any) -> Item:
    return definition.read(form(question("q", kind, **more))).item("q")


def test_no_dash_or_colon_behind_a_question_mark() -> None:
    assert wording.joined("Jaki to model?", "Prosimy odpowiedzieć.") == "Jaki to model? Prosimy odpowiedzieć."
    assert wording.joined("Waga", "Prosimy odpowiedzieć.") == "Waga – Prosimy odpowiedzieć."


@pytest.mark.parametrize("code", CODES)
def test_every_fault_says_what_to_do(code: str) -> None:
    with translation.override("pl"):
        text = wording.sentence(item(), code, CODES[code])
    assert text.endswith((".", "00-000"))
    assert "%" not in text
    if code in ("too_small", "too_large", "size"):
        assert {"too_small": "1,5", "too_large": "17.05.2024", "size": "2 MB"}[code] in text


@pytest.mark.parametrize(
    ("kind", "answer", "text"),
    [
        ("boolean", {"valueBoolean": False}, "nie"),
        ("decimal", {"valueDecimal": 72.5}, "72,5 kg"),
        ("date", {"valueDate": "2024-05"}, "05.2024"),
        ("dateTime", {"valueDateTime": "2024-05-17T10:30:00+02:00"}, "17.05.2024, 10:30"),
        ("time", {"valueTime": "08:05:00"}, "08:05"),
        ("quantity", {"valueQuantity": {"value": 2, "unit": "tabl."}}, "2 tabl."),
        ("attachment", {"valueAttachment": {"title": "wynik.pdf"}}, "wynik.pdf"),
    ],
)
def test_answers_are_said_as_people_write_them(kind: str, answer: dict[str, Any], text: str) -> None:
    more = (
        {"extension": [said_of("questionnaire-unit", {"valueCoding": {"code": "kg"}})]}
        if kind == "decimal"
        else {}
    )
    with translation.override("pl"):
        assert reciting.in_words(item(kind, **more), answer) == text


def test_an_item_without_a_text_has_a_name_all_the_same() -> None:
    with translation.override("pl"):
        assert reciting.label(item(text="")) == "Pytanie 1"
