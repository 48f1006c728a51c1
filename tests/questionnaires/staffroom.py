"""Questionnaires as staff make them, and answers as patients leave them."""

from __future__ import annotations

from typing import Any

from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.patients.models import Patient
from klisza.questionnaires.models import Completion, Flag, Questionnaire, SurveyRequest
from klisza.questionnaires.services import ask, definitions
from tests.examinations.given import pdf

CLINIC = Actor(kind="staff", role="clinic")
DEPTH: dict[str, Any] = {
    "resourceType": "Questionnaire", "url": "https://example.org/depth", "title": "Metal", "status": "active",
    "language": "en",
    "item": [
        {"linkId": "metal", "type": "boolean", "text": "Is there metal in your body?", "required": True},
        {
            "linkId": "where", "type": "string", "text": "Where?",
            "enableWhen": [{"question": "metal", "operator": "=", "answerBoolean": True}],
        },
    ],
}  # fmt: skip


def in_use(resource: dict[str, Any] | None = None) -> Questionnaire:
    made, _is_new = definitions.take_in(resource=resource or DEPTH, by=CLINIC)
    definitions.set_state(questionnaire=made, state="active", by=CLINIC)
    made.refresh_from_db()
    return made


def asked(patient: Patient, questionnaire: Questionnaire, **more: Any) -> SurveyRequest:
    assert questionnaire.current is not None
    return ask(patients=[patient], version=questionnaire.current, by=CLINIC, **more)[0]


def completed(request: SurveyRequest, *flags: tuple[str, str], state: str = "answered") -> Completion:
    """flags: (text, severity)."""
    response = {
        "resourceType": "QuestionnaireResponse", "status": "completed",
        "item": [
            {"linkId": "metal", "text": "Is there metal in your body?", "answer": [{"valueBoolean": True}]},
            {"linkId": "where", "text": "Where?", "answer": [{"valueString": "<b>hip</b>"}]},
        ],
    }  # fmt: skip
    done = Completion.objects.create(
        request=request, ending="uploaded" if state == "incomplete" else "without", completed_at=clock.now(),
        answers_version=1, response=response, pdf=blobs.save(blobs.put(pdf("answers"))),
    )  # fmt: skip
    for text, severity in flags:
        Flag.objects.create(completion=done, link_id="metal", text=text, severity=severity)
    SurveyRequest.objects.filter(pk=request.pk).update(state=state)
    return done
