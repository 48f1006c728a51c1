"""Answering page by page (M5.2 to M6.2): every answer kept at once, nothing overwritten unnoticed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.patients.models import Patient
from klisza.questionnaires import queries, services
from klisza.questionnaires.models import Answer, AnswerFile, SurveyRequest
from klisza.standards.questionnaire import response
from klisza.standards.questionnaire.extensions import SDC
from tests.accounts.people import active_account, sign_in
from tests.examinations.given import a_patient, pdf
from tests.patients.carers import a_carer, given
from tests.standards.forms import choice, coding, form, question, said_of, variable, when

from .asked import Device, survey, version, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Patient:
    return a_patient()


@pytest.fixture
def phone(anna: Patient) -> Device:
    return Device(anna, survey(anna))


def said(request: SurveyRequest) -> dict[str, list[dict[str, Any]]]:
    return {one.path: one.value for one in Answer.objects.filter(request=request)}


class TestTheWayThrough:
    def test_the_link_leads_straight_to_the_questions(self, phone: Device) -> None:
        """M5.2, M5.3"""
        text = phone.open("")
        assert phone.answer.redirect_chain[-1][0] == phone.address("pages/1/")
        assert "Czy jest metal w ciele?" in text
        assert "Strona 1 z 2" in text
        listed = phone.client.get("/surveys/").content.decode()
        assert "Ankieta bezpieczeństwa" in listed
        assert (
            '<span class="visually-hidden">otwarte: </span>1' in " ".join(listed.split())
            or ">1</span>" in listed
        )

    def test_questions_then_summary_and_back(self, phone: Device) -> None:
        """M6.1, M6.2: Dalej, Dalej, summary."""
        phone.open()
        assert phone.post(f1="false", f3_year="1999", f3_month="5", f4="72,5").url == phone.address(
            "pages/2/"
        )
        phone.open("pages/2/")
        assert phone.post("pages/2/", f8=["0", "1"], f7_0="Metformina").url == phone.address("summary/")
        text = phone.open("summary/")
        for words in ("nie", "05.1999", "72,5 kg", "Metformina", "IOD", "GAD"):
            assert words in text
        assert "Gdzie?" not in text
        phone.open("pages/2/")
        assert phone.post("pages/2/", go="back").url == phone.address("pages/1/")
        assert phone.open("").count("checked") == 0 or phone.answer.redirect_chain

    def test_it_goes_on_where_it_was_left(self, anna: Patient, phone: Device) -> None:
        """N20: another device."""
        phone.open()
        phone.post(f1="false")
        phone.open("pages/2/")
        computer = Device(anna, phone.request)
        computer.open("")
        assert computer.answer.redirect_chain[-1][0] == phone.address("pages/2/")
        assert 'value="false" checked' in computer.open()

    def test_without_a_script_questions_appear_at_next(self, phone: Device) -> None:
        phone.open()
        assert phone.post(f1="true").url == phone.address("pages/1/")
        text = phone.open()
        assert "pojawiły się kolejne pytania" in text
        assert phone.post(f1="true").status_code == 422
        assert "Prosimy odpowiedzieć na to pytanie" in phone.text
        assert 'href="#f2"' in phone.text
        assert phone.post(f1="true", f2="biodro").url == phone.address("pages/2/")

    def test_mistakes_stand_at_the_field_and_on_top(self, phone: Device) -> None:
        phone.open()
        phone.post(f1="false", f3_day="31", f3_month="2", f3_year="2020", f4="dużo")
        assert phone.answer.status_code == 422
        assert 'value="dużo"' in phone.text
        assert 'href="#f3-day"' in phone.text
        assert 'href="#f4"' in phone.text
        assert 'aria-invalid="true"' in phone.text
        assert phone.text.count("Prosimy wpisać liczbę, na przykład 72,5.") == 2
        assert "metal" in said(phone.request)

    def test_a_group_is_repeated_and_removed(self, phone: Device) -> None:
        phone.open("pages/2/")
        assert phone.post("pages/2/", go="add f6", f7_0="Aspiryna").url.endswith("pages/2/#f6-part-1")
        text = phone.open("pages/2/")
        assert "Lek – 2" in text
        phone.post("pages/2/", go="add f6", f7_0="Aspiryna", f7_1="Metformina")
        phone.open("pages/2/")
        phone.post("pages/2/", go="remove f6 0", f7_0="Aspiryna", f7_1="Metformina")
        assert said(phone.request)["name@1"] == [{"valueString": "Metformina"}]
        assert "name@0" not in said(phone.request)
        assert said(phone.request)["drug"] == [{"instance": 1}, {"instance": 2}]


class TestSeveralAnswersWithTheirItems:
    """A question that repeats, with items below each answer."""

    FORM = form(
        question("drug", repeats=True, text="Lek", item=[
            question("dose", "integer", text="Dawka", enableWhen=[when("drug")]),
            question("why", text="Na co?", enableWhen=[when("drug", "=", answerString="Aspiryna")]),
        ]),
        question("other", text="Coś jeszcze?"),
    )  # fmt: skip

    def test_each_is_asked_for_itself(self, anna: Patient) -> None:
        device = Device(anna, survey(anna, self.FORM))
        text = device.open()
        assert "Strona 1 z 1" in text
        assert text.count(">Lek</h2>") == 0
        device.post(go="add f0", f1_0="Aspiryna", f2_0="100", f3_0="serce", script="1")
        text = device.open()
        assert "Lek – 2" in text
        assert 'data-path="why@0" id="f3-0-block">' in text
        assert 'data-path="why@1" id="f3-1-block" hidden>' in text
        fields = {"f1_0": "Aspiryna", "f2_0": "100", "f3_0": "serce"}
        device.post(go="next", f1_1="Metformina", f2_1="500", script="1", **fields)
        there = queries.snapshot(device.request)
        [item] = response.build(there.definition, there.counting)["item"]
        assert [one["valueString"] for one in item["answer"]] == ["Aspiryna", "Metformina"]
        assert [[below["linkId"] for below in one["item"]] for one in item["answer"]] == [
            ["dose", "why"],
            ["dose"],
        ]
        told = " ".join(device.open("summary/").split())
        assert told.index("Lek – 1") < told.index("serce") < told.index("Lek – 2") < told.index("500")

    def test_one_is_removed_with_its_items(self, anna: Patient) -> None:
        device = Device(anna, survey(anna, self.FORM))
        device.open()
        device.post(go="add f0", f1_0="Aspiryna", f2_0="100", script="1")
        device.open()
        device.post(go="remove f0 0", f1_0="Aspiryna", f2_0="100", f1_1="Metformina", script="1")
        assert set(said(device.request)) == {"drug#", "drug@1"}


class TestTwoDevices:
    def test_the_slower_one_is_told(self, anna: Patient, phone: Device) -> None:
        """N20: never silently."""
        computer = Device(anna, phone.request)
        phone.open()
        computer.open()
        phone.post(f1="false", f4="70")
        assert computer.post(f1="false", f4="80").status_code == 422
        assert "zmieniona na innym urządzeniu. Tam jest: 70 kg" in computer.text
        assert 'value="80"' in computer.text
        assert said(phone.request)["kg"] == [{"valueDecimal": 70}]
        assert computer.post(f1="false", f4="80").url == phone.address("pages/2/")
        assert said(phone.request)["kg"] == [{"valueDecimal": 80}]

    def test_what_was_not_touched_overwrites_nothing(self, anna: Patient, phone: Device) -> None:
        computer = Device(anna, phone.request)
        phone.open()
        computer.open()
        phone.post(f1="false", f4="70")
        computer.text = computer.text
        assert computer.post(f1="false", f3_year="2001").url == phone.address("pages/2/")
        assert said(phone.request)["kg"] == [{"valueDecimal": 70}]
        assert said(phone.request)["born"] == [{"valueDate": "2001"}]

    def test_autosave_keeps_and_tells(self, anna: Patient, phone: Device) -> None:
        computer = Device(anna, phone.request)
        phone.open()
        computer.open()
        kept = phone.post("pages/1/save/", f4="70", **_only(phone, "f4")).json()
        assert kept["saved"]["f4"]["seen"] == 1
        clash = computer.post("pages/1/save/", f4="71", **_only(computer, "f4")).json()
        assert "70 kg" in clash["clashes"]["f4"]
        assert said(phone.request) == {"kg": [{"valueDecimal": 70}]}

    def test_a_button_takes_the_other_answer(self, anna: Patient, phone: Device) -> None:
        """N20: nothing has to be typed once more; what else was said on this page is kept."""
        computer = _overtaken(anna, phone)
        assert 'value="take f4"' in computer.text
        assert computer.post(go="take f4", f1="false", f4="80", f3_year="2001").url.endswith("pages/1/#f4")
        assert said(phone.request)["kg"] == [{"valueDecimal": 70}]
        assert said(phone.request)["born"] == [{"valueDate": "2001"}]
        text = computer.open()
        assert "Zapisana jest odpowiedź z drugiego urządzenia: Waga – 70 kg." in text
        assert 'value="70"' in text

    def test_a_button_keeps_the_own_answer(self, anna: Patient, phone: Device) -> None:
        computer = _overtaken(anna, phone)
        assert computer.post(go="keep f4", f1="false", f4="80").url.endswith("pages/1/#f4")
        assert said(phone.request)["kg"] == [{"valueDecimal": 80}]
        assert "Zapisana jest odpowiedź z tego urządzenia: Waga – 80 kg." in computer.open()

    def test_a_third_change_is_told_once_more(self, anna: Patient, phone: Device) -> None:
        computer = _overtaken(anna, phone)
        phone.open()
        phone.post(f1="false", f4="75")
        assert computer.post(go="keep f4", f1="false", f4="80").status_code == 422
        assert "Tam jest: 75 kg" in computer.text
        assert said(phone.request)["kg"] == [{"valueDecimal": 75}]

    def test_the_buttons_are_there_only_when_needed(self, phone: Device) -> None:
        """By keyboard and screen reader: real buttons that name their question."""
        text = phone.open()
        assert re.search(r'<div class="actions clash-choice" id="f4-choice" hidden>', text)
        computer = _overtaken(phone.request.patient, phone)
        assert re.search(r'<div class="actions clash-choice" id="f4-choice">', computer.text)
        assert re.search(
            r"Zostaw moją odpowiedź<span class=\"visually-hidden\">: Waga</span></button>", computer.text
        )
        assert 'id="f1-choice" hidden' in computer.text

    def test_one_choice_decides_nothing_about_another(self, anna: Patient, phone: Device) -> None:
        computer = Device(anna, phone.request)
        phone.open()
        computer.open()
        phone.post(f1="true", f4="70", script="1")
        assert computer.post(f1="false", f4="80").status_code == 422
        both = {"f1": "false", "f4": "80", "f1_open": "1", "f4_open": "1"}
        assert computer.post(go="take f1", **both).status_code == 422
        assert "Tam jest: 70 kg" in computer.text
        assert 'value="80"' in computer.text
        assert 'id="f1-choice" hidden' in computer.text
        assert said(phone.request)["kg"] == [{"valueDecimal": 70}]
        assert computer.post(go="keep f4", f1="true", f4="80", f4_open="1").status_code == 302
        assert said(phone.request)["kg"] == [{"valueDecimal": 80}]
        assert said(phone.request)["metal"] == [{"valueBoolean": True}]

    def test_a_yes_or_no_is_taken_too(self, anna: Patient, phone: Device) -> None:
        computer = Device(anna, phone.request)
        phone.open()
        computer.open()
        phone.post(f1="true", script="1")
        assert computer.post(f1="false", f3_year="1999").status_code == 422
        assert computer.post(go="take f1", f1="false", f3_year="1999").status_code == 302
        assert said(phone.request)["metal"] == [{"valueBoolean": True}]
        assert 'value="true" checked' in computer.open()


def _overtaken(anna: Patient, phone: Device) -> Device:
    """A computer that wanted to say 80 kg after the phone had said 70."""
    computer = Device(anna, phone.request)
    phone.open()
    computer.open()
    phone.post(f1="false", f4="70")
    assert computer.post(f1="false", f4="80").status_code == 422
    return computer


def _only(device: Device, name: str) -> dict[str, str]:
    """What the script posts: one place."""
    mine = {key: value for key, value in device.hidden().items() if key.startswith(f"{name}-")}
    device.text = ""
    return mine


class TestTypes:
    FORM = form(
        choice("c", *"abcdefghi", text="Lista"),
        question("o", "open-choice", answerOption=[{"valueCoding": coding("a")}]),
        question("q", "quantity", extension=[
            said_of("questionnaire-unitOption", {"valueCoding": {"code": unit, "display": unit}}) for unit in ("kg", "g")
        ]),
        question("m", "dateTime"), question("t", "time"), question("u", "url"), question("w", "text", repeats=True),
        question("i", "integer"),
    )  # fmt: skip

    def test_every_kind_of_control_is_kept_and_shown_again(self, anna: Patient) -> None:
        device = Device(anna, survey(anna, self.FORM))
        device.open()
        device.post(
            go="more f6", f0="8", f1="other", f1_other="inne", f2="2,5", f2_unit="1", f3_day="1", f3_month="2", f3_year="2024",
            f3_time="8:30", f4="14:05", f5="example.org", f6=["jeden", "dwa"], f7="12",
        )  # fmt: skip
        assert said(device.request) == {
            "c": [{"valueCoding": coding("i")}],
            "o": [{"valueString": "inne"}],
            "q": [{"valueQuantity": {"value": 2.5, "unit": "g", "code": "g"}}],
            "m": [{"valueDateTime": "2024-02-01T08:30:00+01:00"}],
            "t": [{"valueTime": "14:05:00"}],
            "u": [{"valueUri": "https://example.org"}],
            "w": [{"valueString": "jeden"}, {"valueString": "dwa"}],
            "i": [{"valueInteger": 12}],
        }
        text = device.open()
        for words in (
            'value="8" selected',
            'value="inne"',
            'value="2,5"',
            'value="1" selected',
            'value="08:30"',
            "jeden</textarea>",
        ):
            assert words in text
        before = said(device.request)
        versions = {one.path: one.version for one in Answer.objects.all()}
        device.post(
            f0="8", f1="other", f1_other="inne", f2="2,5", f2_unit="1", f3_day="01", f3_month="02", f3_year="2024",
            f3_time="08:30", f4="14:05", f5="https://example.org", f6=["jeden", "dwa", ""], f7="12",
        )  # fmt: skip
        assert said(device.request) == before
        assert {one.path: one.version for one in Answer.objects.all()} == versions

    def test_a_file_answers_and_goes_again(self, anna: Patient) -> None:
        device = Device(anna, survey(anna, form(question("f", "attachment"), question("z", "boolean"))))
        device.open()
        device.post(go="more f0", f0=SimpleUploadedFile("../../wynik ąę.pdf", pdf("x"), "text/html"))
        file = AnswerFile.objects.get()
        assert (file.name, file.media_type) == ("wynik ąę.pdf", "application/pdf")
        text = device.open()
        assert "wynik ąę.pdf" in text
        got = device.client.get(device.address(f"attachments/{file.pk}/"))
        assert got["Content-Disposition"] == "attachment"
        device.post(go=f"detach f0 {file.pk}")
        assert not AnswerFile.objects.exists()
        assert said(device.request)["f"] == []

    @pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"MZ\x90", b"<!doctype html>"])
    def test_other_files_are_refused_with_a_reason(self, anna: Patient, data: bytes) -> None:
        """R32"""
        device = Device(anna, survey(anna, form(question("f", "attachment"))))
        device.open()
        device.post(go="more f0", f0=SimpleUploadedFile("wynik.pdf", data, "application/pdf"))
        assert device.answer.status_code == 422
        assert "Ten plik jest pusty" in device.text or "tylko plik PDF albo zdjęcie" in device.text
        assert not AnswerFile.objects.exists()

    def test_hostile_posts_change_nothing(self, phone: Device) -> None:
        phone.open()
        for fields in ({"f1": "maybe"}, {"f4": "9" * 400}, {"f3_year": "20-4"}, {"f4": "NaN"}, {"f99": "x"}):
            phone.post(go="stay", **fields)
            phone.open()
        assert "kg" not in said(phone.request)
        assert phone.post(go="add f99").status_code == 400


class TestWhoMay:
    def test_another_patient_finds_nothing(self, phone: Device) -> None:
        other = a_patient(family_name="Inna", email="inna@example.org", mobile="+48600100299")
        stranger = Device(other, phone.request)
        for rest in ("", "pages/1/", "summary/", "files/", "answers.pdf"):
            assert stranger.client.get(stranger.address(rest)).status_code == 404
        assert stranger.client.post(stranger.address("pages/1/"), {"go": "next"}).status_code == 404
        assert stranger.client.post(stranger.address("complete/"), {}).status_code == 404

    def test_a_stranger_logs_in_first(self, phone: Device) -> None:
        """S43: the link survives the login."""
        phone.client.logout()
        answer = phone.client.get(phone.address())
        assert answer.status_code == 302
        assert str(phone.request.pk) in answer.url

    def test_a_carer_for_everything_may_answer(self, anna: Patient, phone: Device) -> None:
        account = a_carer()
        given(anna, account, kind="authorised", scope="all")
        device = Device.__new__(Device)
        device.client, device.request = (
            phone.client.__class__(headers={"Accept-Language": "pl"}),
            phone.request,
        )
        sign_in(device.client, account)
        assert "Czy jest metal" in device.open()

    def test_one_for_examinations_only_may_not(self, anna: Patient, phone: Device) -> None:
        account = a_carer()
        given(anna, account, kind="authorised", scope="no_reports")
        client = phone.client.__class__()
        sign_in(client, account)
        assert client.get(phone.address()).status_code == 404

    def test_while_acting_for_somebody_else_one_is_told(self, anna: Patient, phone: Device) -> None:
        """S43: a clear message, no data."""
        other = a_patient(family_name="Nowak", email="nowak@example.org", mobile="+48600100277")
        grant = given(other, anna.account, kind="authorised", scope="all")
        session = phone.client.session
        session["acting"] = str(grant.pk)
        session.save()
        answer = phone.client.get(phone.address())
        assert answer.status_code == 403
        text = answer.content.decode()
        assert "Ta ankieta jest dla innej osoby" in text
        assert "Ankieta bezpieczeństwa" not in text

    def test_an_account_without_anybody_chooses_first(self, client: Any) -> None:
        sign_in(client, active_account())
        assert client.get("/surveys/").status_code == 302


class TestWhenItIsOver:
    def test_nothing_changes_after_the_deadline(self, anna: Patient) -> None:
        device = Device(anna, survey(anna, due_at=clock.now() + timedelta(days=1)))
        device.open()
        SurveyRequest.objects.update(due_at=clock.now() - timedelta(seconds=1))
        device.post(f1="true")
        assert not Answer.objects.exists()
        assert "termin minął" in device.client.get("/surveys/").content.decode()
        assert "Termin tej ankiety minął" in device.open("")
        assert services.expire_over() == 1
        assert SurveyRequest.objects.get().state == "expired"

    def test_a_withdrawn_one_says_so(self, anna: Patient, phone: Device) -> None:
        phone.open()
        phone.post(f1="false")
        services.withdraw(request=phone.request, reason="Badanie odwołane", by=SYSTEM)
        text = phone.open("")
        assert "Szpital wycofał tę ankietę" in text
        assert "Badanie odwołane" in text
        assert queries.open_count(viewer(anna)) == 0


def test_one_may_be_started_without_being_asked(anna: Patient) -> None:
    """N20: only what the hospital has opened for it."""
    closed, standing = version().questionnaire, version(is_standing=True).questionnaire
    device = Device(anna, SurveyRequest(patient=anna))
    assert "Te ankiety można rozpocząć samodzielnie" in device.client.get("/surveys/").content.decode()
    assert device.client.post(f"/surveys/start/{closed.pk}/").status_code == 404
    first = device.client.post(f"/surveys/start/{standing.pk}/").url
    assert device.client.post(f"/surveys/start/{standing.pk}/").url == first
    assert SurveyRequest.objects.filter(is_own=True).count() == 1


def test_calculated_values_follow_the_answers(anna: Patient) -> None:
    formula = {"language": "text/fhirpath", "expression": "(%kg / (%cm * %cm / 10000)).round(1)"}
    rule = {"url": SDC + "sdc-questionnaire-calculatedExpression", "valueExpression": formula}
    resource = form(
        question("kg", "decimal"), question("cm", "decimal"),
        question("bmi", "decimal", text="BMI", extension=[rule]),
        question("thin", "boolean", text="Chudnięcie?", enableWhen=[when("bmi", "<", answerDecimal=18.5)]),
        extension=[
            variable(name) for name in ("kg", "cm")
        ],
    )  # fmt: skip
    device = Device(anna, survey(anna, resource))
    device.open()
    told = device.post("pages/1/save/", f0="50", f1="180").json()
    assert told["calculated"] == {"bmi": "15,4"}
    assert told["answers"] == {"bmi": [{"valueDecimal": 15.4}]}
    assert device.client.get(device.address("pages/1/")).context["blocks"][3].is_enabled
