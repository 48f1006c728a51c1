"""A survey for a patient, answered as a browser does it."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.patients.viewer import Viewer
from klisza.questionnaires.models import Questionnaire, QuestionnaireVersion, SurveyRequest
from klisza.questionnaires.services import ask
from tests.accounts.people import sign_in
from tests.examinations.given import a_patient
from tests.standards.forms import choice, form, question, said_of, when

CLINIC = Actor(kind="system")
SAFETY = form(
    {
        "linkId": "safety", "type": "group", "text": "Bezpieczeństwo",
        "item": [
            question("metal", "boolean", text="Czy jest metal w ciele?", required=True),
            question("where", text="Gdzie?", required=True, enableWhen=[when("metal", "=", answerBoolean=True)]),
            question("born", "date", text="Data zabiegu"),
            question("kg", "decimal", text="Waga", extension=[said_of("questionnaire-unit", {"valueCoding": {"code": "kg"}})]),
        ],
    },
    {
        "linkId": "drugs", "type": "group", "text": "Leki",
        "item": [
            {"linkId": "drug", "type": "group", "text": "Lek", "repeats": True, "item": [question("name", text="Nazwa")]},
            choice("allergy", "iod", "gad", text="Uczulenia", repeats=True),
        ],
    },
    title="Ankieta bezpieczeństwa",
)  # fmt: skip


def version(resource: dict[str, Any] | None = None, **more: Any) -> QuestionnaireVersion:
    """A questionnaire in use."""
    resource = resource or SAFETY
    fields = {
        "name": "test",
        "title": str(resource["title"]),
        "state": "active",
        "created_at": clock.now(),
    } | more
    made = Questionnaire.objects.create(**fields)
    first = QuestionnaireVersion.objects.create(
        questionnaire=made, number=1, definition=resource, digest="0" * 64, created_at=clock.now()
    )
    made.current = first
    made.save()
    return first


def survey(
    patient: Patient | None = None, resource: dict[str, Any] | None = None, **more: Any
) -> SurveyRequest:
    of_form = {name: more.pop(name) for name in ("takes_files", "is_standing") if name in more}
    [made] = ask(patients=[patient or a_patient()], version=version(resource, **of_form), by=CLINIC, **more)
    return made


def viewer(patient: Patient) -> Viewer:
    return patients.viewer_for(patient.account, Actor(kind="account", id=str(patient.account_id)))


class Device:
    """One browser of the patient."""

    def __init__(self, patient: Patient, request: SurveyRequest) -> None:
        self.client = Client(headers={"Accept-Language": "pl"})
        sign_in(self.client, patient.account)
        self.request = request

    def address(self, rest: str = "") -> str:
        return f"/surveys/{self.request.pk}/{rest}"

    def open(self, rest: str = "pages/1/") -> str:
        self.answer = self.client.get(self.address(rest), follow=True)
        self.text = self.answer.content.decode()
        return self.text

    def hidden(self) -> dict[str, str]:
        """What the page knows of every place: version and mark."""
        return dict(re.findall(r'name="(f[\d-]+-(?:seen|mark))" value="([^"]*)"', self.text))

    def post(self, rest: str = "pages/1/", go: str = "next", **fields: Any) -> Any:
        """As the form does it: what is not named stays empty."""
        data = {
            **self.hidden(),
            "go": go,
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        self.answer = self.client.post(self.address(rest), data)
        self.text = self.answer.content.decode() if self.answer.status_code != 302 else ""
        return self.answer

    def finish(self, button: str = "deliver", seen: int | None = None, **headers: Any) -> Any:
        self.request.refresh_from_db()
        data = {"ending": button, "seen": self.request.answers_version if seen is None else seen}
        return self.client.post(self.address("complete/"), data, headers=headers)
