"""Questionnaires come in as FHIR, go out as FHIR, and each version stays as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from klisza.questionnaires import ready
from klisza.questionnaires.models import Questionnaire
from klisza.questionnaires.services import definitions
from klisza.standards.fhir import xml
from klisza.standards.questionnaire import calculate
from klisza.standards.questionnaire import definition as standard
from tests.console.desk import allowed, audited, page, signed_in
from tests.examinations.given import a_patient

from .staffroom import CLINIC, DEPTH, asked, in_use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_pages")]
LIST = "/staff/questionnaires/"
# What the samples are refused for; all others can be asked.
REFUSALS = {
    "Questionnaire-3141.json": "1.1",
    "Questionnaire-qs1.json": "Account.language.value",
    "Questionnaire-Questionnaire-IMMZCRegisterClient.json": "sex",
    "layout_default.json": "15",
    "screener-questionnaire.json": "1.2.1",
    "bit-of-everything.json": "Item-reference",
    "enableWhen-test.R4.json": "Q9c-eq-B",
    "errorMessagesDemo.json": "q4",
    "matrixLayoutSingleSelectionWithData.R4.json": "",
    "ussg-fhp.json": "/54126-8/54137-5/54140-9",
    "Questionnaire-rxterms.json": "medications_table",
    # These two are answers, not questions.
    "hidden-item-questionnaire-response.R4.json": "",
    "qr-items-under-repeating-choice-item.json": "",
}


@pytest.fixture
def clinic() -> Client:
    return signed_in("clinic")


def upload(client: Client, resource: dict[str, Any] | bytes, name: str = "q.json") -> Any:
    data = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return client.post(f"{LIST}import/", {"file": SimpleUploadedFile(name, data)})


def text_of(response: Any) -> str:
    return response.content.decode()


class TestEverySample:
    def test_imports_or_is_refused_naming_the_item(self, samples: Path) -> None:
        folder = samples / "fhir"
        files = [*folder.glob("questionnaires/*/*"), *folder.glob("hl7-r4-examples/Questionnaire/*")]
        if not files:
            pytest.skip("no questionnaires among the samples")
        refused = {}
        for file in files:
            data = file.read_bytes()
            resource = xml.read(data) if file.suffix == ".xml" else json.loads(data)
            try:
                made, _is_new = definitions.take_in(resource=resource, by=CLINIC)
            except definitions.Unusable as refusal:
                refused[file.name] = (refusal.link_id, bool(refusal.cause))
            else:
                kept = made.versions.get().definition
                assert kept == resource, file.name
        assert refused == {name: (link_id, True) for name, link_id in REFUSALS.items()}

    def test_xml_says_what_its_json_says(self, samples: Path) -> None:
        file = samples / "fhir" / "questionnaires" / "sdc" / "Questionnaire-trivia-questionnaire.xml"
        if not file.is_file():
            pytest.skip("no such sample")
        told = standard.read(xml.read(file.read_bytes()))
        assert told.by_link["2"].type == "integer"
        assert len(told.by_link) == 20

    def test_a_refusal_stands_on_the_page(self, clinic: Client) -> None:
        wrong = DEPTH | {"item": [*DEPTH["item"], {"linkId": "whom", "type": "reference", "text": "Whom?"}]}
        answer = upload(clinic, wrong)
        assert answer.status_code == 400
        assert "Item whom: a reference to another resource" in text_of(answer)
        assert not Questionnaire.objects.exists()

    @pytest.mark.parametrize(
        "data",
        [
            b'{"resourceType": "Questionnaire", "title": "\\u0000"}',
            b'{"a": NaN}',
            b'{"a": "\\ud800"}',
            b"",
            b"%PDF-1.4",
            b"[1]",
            b"{",
            b"[" * 50_000,
            b"<!DOCTYPE a><a/>",
            b"<a/>",
            b"\xff\xfe\x00",
        ],
    )
    def test_what_is_no_fhir_gets_a_sentence(self, clinic: Client, data: bytes) -> None:
        assert upload(clinic, data).status_code == 400
        assert not Questionnaire.objects.exists()


class TestVersions:
    def test_the_same_address_makes_the_next_version(self, clinic: Client) -> None:
        upload(clinic, DEPTH)
        upload(clinic, DEPTH)
        upload(clinic, DEPTH | {"title": "Metal, again"})
        found = Questionnaire.objects.get()
        assert list(found.versions.order_by("number").values_list("number", flat=True)) == [1, 2]
        assert found.title == "Metal, again"
        assert audited("questionnaire.imported") == 2

    def test_a_request_keeps_its_version(self) -> None:
        first = in_use()
        request = asked(a_patient(), first)
        in_use(DEPTH | {"title": "Metal, again"})
        request.refresh_from_db()
        assert request.version.number == 1
        assert request.version.definition["title"] == "Metal"

    def test_export_gives_back_what_came_in(self, clinic: Client) -> None:
        made = in_use()
        answer = clinic.get(f"{LIST}{made.pk}/versions/1/")
        assert answer["Content-Type"] == "application/fhir+json"
        assert json.loads(answer.content) == DEPTH | {"status": "active", "version": "1"}
        assert audited("questionnaire.exported") == 1

    def test_out_of_use_nobody_can_be_asked_with_it(self, clinic: Client) -> None:
        made = in_use()
        clinic.post(f"{LIST}{made.pk}/state/", {"state": "retired"})
        assert "No questionnaire is in use." in page(clinic, f"/staff/surveys/ask/{a_patient().pk}/")
        clinic.post(f"{LIST}{made.pk}/state/", {"state": "active"})
        assert Questionnaire.objects.get().state == "active"

    def test_standing_is_off_until_staff_say_so(self, clinic: Client) -> None:
        """N20"""
        made = in_use()
        assert not made.is_standing
        clinic.post(f"{LIST}{made.pk}/describe/", {"name": "Metal", "is_standing": "on", "takes_files": "on"})
        made.refresh_from_db()
        assert (made.is_standing, made.takes_files) == (True, True)


class TestTemplates:
    @pytest.mark.parametrize("language", ["pl", "en", "uk"])
    @pytest.mark.parametrize("name", [name for name in ready.NAMES if name != "empty"])
    def test_each_can_be_asked_in_each_language(self, name: str, language: str) -> None:
        """B41"""
        resource = ready.resource(name, title="", language="pl")
        told, polish = standard.read(resource, language=language), standard.read(resource)
        assert any(item.flags for item in told.walk())
        for item in told.walk():
            assert item.text, item.link_id
            assert language == "pl" or item.text != polish.by_link[item.link_id].text or "PET" in item.text
        assert resource.get("language") == "pl"

    def test_only_prior_therapy_takes_files(self) -> None:
        taking = [
            name
            for name in ready.NAMES
            if definitions.takes_files(ready.resource(name, title="x", language="pl"))
        ]
        assert taking == ["prior-therapy"]

    def test_the_kidney_figure_is_that_of_the_formula(self) -> None:
        """CKD-EPI 2021: a woman of 50 with 1.0 mg/dL has 69 mL/min/1.73 m2."""
        told = standard.read(ready.resource("contrast", title="", language="pl"))
        said = {
            "creatinine": [{"valueDecimal": 1.0}],
            "age": [{"valueInteger": 50}],
            "sex": [{"valueCoding": {"code": "female"}}],
        }
        assert calculate.calculated(told, said)["egfr"] == [{"valueDecimal": 69}]

    def test_weight_and_height_make_the_index(self) -> None:
        told = standard.read(ready.resource("mri-safety", title="", language="pl"))
        said = {"weight": [{"valueDecimal": 70}], "height": [{"valueDecimal": 175}]}
        assert calculate.calculated(told, said)["bmi"] == [{"valueDecimal": 22.9}]


def test_who_may() -> None:
    """R14"""
    assert allowed(LIST) == ["clinic", "radiology", "admin"]
    assert allowed(f"{LIST}new/") == ["clinic", "radiology", "admin"]
    assert signed_in("registration").post(f"{LIST}import/").status_code == 403
