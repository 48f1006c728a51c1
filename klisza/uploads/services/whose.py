""" "Is this you?" (N8): what stands in a file beside who the patient is. Two persons are never made one."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.uploads.likeness import SAME, Somebody, likeness
from klisza.uploads.models import Delivery, HandedFile

PESEL = "NNPOL"


def somebody(person: dict[str, Any]) -> Somebody:
    numbers = frozenset(str(value) for _issuer, value in person.get("ids", []))
    return Somebody(
        str(person.get("family", "")),
        str(person.get("given", "")),
        str(person.get("birth_date", "")),
        numbers,
    )


def known(patient: Patient) -> Somebody:
    survivor = patients.survivor(patient)
    rows = PatientIdentifier.objects.filter(patient__in=patients.aliases(survivor), kind=PESEL)
    return Somebody(
        survivor.family_name, survivor.given_name,
        survivor.birth_date.isoformat() if survivor.birth_date else "",
        frozenset(rows.values_list("value", flat=True)),
    )  # fmt: skip


def compare(*, patient: Patient, persons: list[dict[str, Any]]) -> list[str]:
    """same | maybe | other for each."""
    this = known(patient)
    return [likeness(somebody(person), this) for person in persons]


def judged(file: HandedFile, verdict: dict[str, Any]) -> dict[str, Any]:
    """With the likeness in `person` and the answer in `is_me`: our comparison, else what the patient has said."""
    person = verdict.get("person")
    if not person:
        return verdict | {"is_me": None}
    found = compare(patient=file.delivery.patient, persons=[person])[0]
    is_me = True if found == SAME else file.is_me
    changed = {"person": person | {"likeness": found}, "is_me": is_me}
    if is_me is False and verdict["state"] == "sorted":
        changed |= {"state": "quarantined", "reason": "other_person"}
    return verdict | changed


@transaction.atomic
def answer(*, file: HandedFile, is_me: bool, by: Actor) -> int:
    """The patient's answer, for every file of the delivery with the same person in it; returns how many.

    Not me: set aside, staff decide. Only what nobody has decided about yet.
    """
    if not file.person:
        return 0
    rows = HandedFile.objects.filter(delivery=file.delivery_id, person=file.person, is_me=None)
    count = rows.count()
    if not is_me:
        rows.filter(state=HandedFile.State.SORTED).update(
            state=HandedFile.State.QUARANTINED, reason="other_person"
        )
    rows.update(is_me=is_me)
    delivery = Delivery.objects.get(pk=file.delivery_id)
    record(
        "delivery.person_answered", by=by, patient_id=delivery.patient_id, objects=[delivery],
        reason="yes" if is_me else "no",
    )  # fmt: skip
    return count
