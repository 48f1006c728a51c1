"""The builder: every step is an ordinary form; what nobody touched stays."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.test import Client

from klisza.questionnaires import ready
from klisza.questionnaires.building import answers, fields, tree
from klisza.questionnaires.forms.staff_item import ItemForm
from klisza.questionnaires.models import Draft, Questionnaire
from klisza.questionnaires.presenters import staff_building as presenters
from klisza.standards.questionnaire import definition as standard
from tests.console.desk import audited, page, signed_in

from .staffroom import DEPTH, in_use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_pages")]
LIST = "/staff/questionnaires/"


@pytest.fixture
def clinic() -> Client:
    return signed_in("clinic")


def begun(client: Client, start: str = "empty") -> str:
    """Address of the builder."""
    answer = client.post(f"{LIST}new/", {"name": "Ours", "start": start})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def draft() -> dict[str, Any]:
    return dict(Draft.objects.get().definition)


def send(client: Client, address: str, **data: Any) -> Any:
    revision = Draft.objects.get().revision
    return client.post(address, {"revision": revision, **data})


def saved(client: Client, address: str, **data: Any) -> None:
    """The form of one question as it stands, with these fields changed."""
    form = client.get(address).context["form"]
    now = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in now.items() if value not in (None, False, "")}
    answer = send(client, address, **{**kept, **data})
    assert answer.status_code == 302, answer.context["form"].errors


class TestBuilding:
    def test_a_form_is_built_and_published(self, clinic: Client) -> None:
        """B41: no FHIR, no mouse, no script."""
        build = begun(clinic)
        item = send(clinic, f"{build}add/", type="boolean", text="Metal?")["Location"]
        saved(
            clinic,
            item,
            required="on",
            flag_text_0="Metal in the body",
            flag_answer_0="yes",
            flag_severity_0="danger",
        )
        item = send(clinic, f"{build}add/", type="choice", text="Where?")["Location"]
        saved(
            clinic,
            item,
            options_en="Hip\nKnee\nNone",
            exclusive="None",
            repeats="on",
            when_0="q1",
            operator_0="=",
            answer_0="yes",
        )
        assert send(clinic, f"{build}publish/").status_code == 302
        found = Questionnaire.objects.get()
        assert (found.state, found.current.number) == ("active", 1)
        told = standard.read(found.current.definition)
        assert told.by_link["q1"].flags[0].text == "Metal in the body"
        assert [one.label for one in told.by_link["q2"].options] == ["Hip", "Knee", "None"]
        assert told.by_link["q2"].options[2].exclusive
        assert told.by_link["q2"].conditions[0].answer == {"valueBoolean": True}
        assert not Draft.objects.exists()
        assert audited("questionnaire.published") == 1

    @pytest.mark.parametrize("start", ["mri-safety", "contrast", "pregnancy", "prior-therapy"])
    def test_saving_a_question_unchanged_changes_nothing(self, start: str) -> None:
        """Whatever the templates and the form of the page know, nothing is lost on the way."""
        before = ready.resource(start, title="", language="pl")
        after = copy.deepcopy(before)
        for row in tree.rows(before):
            asked = presenters.askable(before, row.item)
            empty = ItemForm(None, item=row.item, main="pl", asked=asked)
            now = {name: empty[name].value() for name in empty.fields}
            form = ItemForm(
                {name: value for name, value in now.items() if value not in (None, False, "")},
                item=row.item, main="pl", asked=asked,
            )  # fmt: skip
            assert form.is_valid(), (row.item["linkId"], form.errors)
            form.write(tree.at(after, row.place))
        assert after == before

    def test_moves_go_step_by_step(self, clinic: Client) -> None:
        build = begun(clinic)
        for text in ("A", "B"):
            send(clinic, f"{build}add/", type="string", text=text)
        send(clinic, f"{build}add/", type="group", text="G")
        send(clinic, f"{build}items/2/up/")
        assert [one["text"] for one in draft()["item"]] == ["A", "G", "B"]
        send(clinic, f"{build}items/2/into/")
        assert [one["text"] for one in draft()["item"][1]["item"]] == ["B"]
        send(clinic, f"{build}items/1.0/out/")
        assert [one["text"] for one in draft()["item"]] == ["A", "G", "B"]
        send(clinic, f"{build}items/0/down/")
        assert [one["text"] for one in draft()["item"]] == ["G", "A", "B"]

    def test_a_copy_follows_its_own_conditions(self) -> None:
        made: dict[str, Any] = {
            "item": [{"linkId": "g", "type": "group", "item": copy.deepcopy(DEPTH["item"])}]
        }
        tree.double(made, "0")
        twin = made["item"][1]
        assert twin["item"][1]["enableWhen"][0]["question"] == twin["item"][0]["linkId"]
        ids = [one["linkId"] for one in tree.walk(made)]
        assert len(set(ids)) == len(ids)

    def test_a_question_that_decides_is_not_deleted(self, clinic: Client) -> None:
        made = in_use()
        build = clinic.post(f"{LIST}{made.pk}/begin/")["Location"]
        answer = clinic.post(f"{build}items/0/delete/", {"revision": 1}, follow=True)
        assert "is asked only after an answer to it" in answer.content.decode()
        send(clinic, f"{build}items/1/delete/")
        send(clinic, f"{build}items/0/delete/")
        assert draft()["item"] == []

    def test_two_people_do_not_overwrite_each_other(self, clinic: Client) -> None:
        build = begun(clinic)
        send(clinic, f"{build}add/", type="string", text="mine")
        answer = clinic.post(f"{build}add/", {"revision": 1, "type": "string", "text": "late"}, follow=True)
        assert "Somebody has changed this questionnaire meanwhile." in answer.content.decode()
        assert [one["text"] for one in draft()["item"]] == ["mine"]

    def test_what_is_wrong_stands_at_its_field(self, clinic: Client) -> None:
        build = begun(clinic)
        send(clinic, f"{build}add/", type="integer", text="Age?")
        item = send(clinic, f"{build}add/", type="choice", text="Which?")["Location"]
        answer = send(
            clinic, item, text_en="Which?", options_en="A\nB\nA", options_pl="jeden", exclusive="C", when_0="q1",
            operator_0=">", answer_0="old", every="any",
        )  # fmt: skip
        assert answer.status_code == 400
        errors = answer.context["form"].errors
        assert set(errors) == {"options_en", "options_pl", "exclusive", "answer_0"}

    def test_circles_are_refused_naming_the_item(self, clinic: Client) -> None:
        build = begun(clinic)
        send(clinic, f"{build}add/", type="boolean", text="A?")
        item = send(clinic, f"{build}add/", type="boolean", text="B?")["Location"]
        saved(clinic, item, when_0="q1", answer_0="yes")
        first = clinic.get(f"{build}items/0/").context["form"]
        assert first.asked[0][0] == "q2"
        answer = send(
            clinic, f"{build}items/0/", text_en="A?", when_0="q2", operator_0="=", answer_0="yes", every="any"
        )
        assert "Item 1 (A?): its conditions go round in a circle" in answer.content.decode()

    def test_nothing_is_published_without_a_question(self, clinic: Client) -> None:
        build = begun(clinic)
        answer = clinic.post(f"{build}publish/", {"revision": 1}, follow=True)
        assert "there is no question in it" in answer.content.decode()

    @pytest.mark.parametrize("place", ["9", "0.0", "x", "-1", "0.", "99999", "1" * 300])
    def test_a_place_that_is_not_there_is_not_found(self, clinic: Client, place: str) -> None:
        build = begun(clinic)
        assert clinic.get(f"{build}items/{place}/").status_code == 404


class TestWords:
    @pytest.mark.parametrize(
        ("kind", "text", "answer"),
        [
            ("boolean", "Tak", {"valueBoolean": True}),
            ("boolean", "ні", {"valueBoolean": False}),
            ("integer", "12", {"valueInteger": 12}),
            ("decimal", "1,5", {"valueDecimal": 1.5}),
            ("quantity", "70 kg", {"valueQuantity": {"value": 70, "unit": "kg"}}),
            ("date", "2026-03", {"valueDate": "2026-03"}),
            ("time", "14:30", {"valueTime": "14:30:00"}),
            ("string", "abc", {"valueString": "abc"}),
        ],
    )
    def test_words_become_fhir_and_back(self, kind: str, text: str, answer: dict[str, Any]) -> None:
        assert answers.said({"type": kind}, text) == answer
        assert answers.said({"type": kind}, answers.in_words(answer, "tak", "nie")) == answer

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            ("boolean", "maybe"),
            ("integer", "1.5"),
            ("decimal", "NaN"),
            ("date", "21.03.2026"),
            ("choice", "x"),
            ("group", "x"),
        ],
    )
    def test_other_words_are_no_answer(self, kind: str, text: str) -> None:
        with pytest.raises(answers.NotSuch):
            answers.said({"type": kind}, text)

    def test_options_keep_their_codes(self) -> None:
        item: dict[str, Any] = {
            "type": "choice",
            "answerOption": [{"valueCoding": {"code": "LA6", "display": "Yes"}}],
        }
        fields.put_options(item, {"en": ["No", "Yes"], "pl": ["Nie", "Tak"]}, "en", [])
        assert [one["valueCoding"]["code"] for one in item["answerOption"]] == ["no", "LA6"]
        assert fields.option_lines(item, "pl", "en") == "Nie\nTak"


class TestTesting:
    def test_shows_what_would_be_asked_and_told(self, clinic: Client) -> None:
        """B41: preview and test answers; nothing is kept."""
        build = begun(clinic, "mri-safety")
        text = page(clinic, build.replace("build/", "try/"))
        assert "Staff are told nothing special." in text
        told = standard.read(draft())
        pacemaker = told.by_link["pacemaker"]
        data = {"language": "en", f"a{pacemaker.number}": "0"}
        data |= {f"a{told.by_link['weight'].number}": "260", f"a{told.by_link['height'].number}": "180"}
        answer = clinic.post(build.replace("build/", "try/"), data)
        trial = answer.context["trial"]
        assert [one.text for one in trial.raised] == ["Rozrusznik serca lub ICD"]
        fields_by_id = {one.item.link_id: one for one in trial.fields}
        assert fields_by_id["pacemaker-model"].is_asked
        assert fields_by_id["weight-high"].is_asked
        assert fields_by_id["bmi"].value == "80.2"
        assert not fields_by_id["metal-eye-out"].is_asked
        assert "must be answered" in " ".join(fields_by_id["clip"].faults)
        assert "Do you have a cardiac pacemaker" in answer.content.decode()

    def test_words_that_are_no_answer_are_named(self, clinic: Client) -> None:
        build = begun(clinic, "pregnancy")
        told = standard.read(draft())
        number = told.by_link["week"].number
        concerns, pregnant = told.by_link["concerns"].number, told.by_link["pregnant"].number
        data = {f"a{concerns}": "0", f"a{pregnant}": "0", f"a{number}": "many"}
        answer = clinic.post(build.replace("build/", "try/"), data)
        week = next(one for one in answer.context["trial"].fields if one.item.link_id == "week")
        assert week.faults == ["is no answer to this question"]
