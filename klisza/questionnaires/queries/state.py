"""The answers of a request as they stand: what was said, over what stood there beforehand, with calculated values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klisza.patients.models import Patient
from klisza.patients.queries import survivor
from klisza.questionnaires.models import Answer, SurveyRequest
from klisza.questionnaires.reading import definition_of
from klisza.standards.questionnaire import calculate, logic
from klisza.standards.questionnaire.model import Definition

GENDERS = {"F": "female", "M": "male", "O": "other"}


@dataclass(frozen=True)
class Snapshot:
    """version: SurveyRequest.answers_version that was read. answers: everything that stands in the form, also at
    places that are not asked at the moment. versions: of each row; a place without one has 0. changed_at: the last
    answer; None without any.
    """

    definition: Definition
    version: int
    answers: dict[str, list[dict[str, Any]]]
    versions: dict[str, int]
    patient: dict[str, Any]
    enabled: frozenset[str]
    changed_at: datetime | None = None

    @property
    def counting(self) -> dict[str, list[dict[str, Any]]]:
        """Without what stands at places that are not asked: that is never handed over."""
        return {path: value for path, value in self.answers.items() if path in self.enabled and value}


def snapshot(request: SurveyRequest, *, language: str = "") -> Snapshot:
    """The version is read first: a change in between makes it look older, never newer, than the answers."""
    version = SurveyRequest.objects.values_list("answers_version", flat=True).get(pk=request.pk)
    rows = list(Answer.objects.filter(request=request))
    definition = definition_of(request.version, language)
    patient = person_as_fhir(request.patient)
    answers = compose(definition, {row.path: row.value for row in rows}, patient)
    return Snapshot(
        definition=definition,
        version=version,
        answers=answers,
        versions={row.path: row.version for row in rows},
        patient=patient,
        enabled=frozenset(logic.enabled(definition, answers, patient=patient)),
        changed_at=max((row.changed_at for row in rows), default=None),
    )


def compose(
    definition: Definition, said: dict[str, list[dict[str, Any]]], patient: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """What was said, over what stands there beforehand, with calculated values."""
    first = calculate.initials(definition, said, patient=patient)
    return calculate.calculated(definition, first | said, patient=patient)


def person_as_fhir(patient: Patient) -> dict[str, Any]:
    """For initialExpression: name, birth date and sex, nothing else."""
    person = survivor(patient)
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "name": [{"family": person.family_name, "given": person.given_name.split()}],
    }
    if person.birth_date:
        made["birthDate"] = person.birth_date.isoformat()
    if person.sex in GENDERS:
        made["gender"] = GENDERS[person.sex]
    return made
