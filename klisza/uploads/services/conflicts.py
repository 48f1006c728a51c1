"""The same SOP Instance UID twice (N9, R28): never two truths under one name, and no word about whose the other is."""

from __future__ import annotations

from typing import Any

from klisza.archive.models import Instance
from klisza.examinations.models import ExaminationStudy
from klisza.patients import queries as patients
from klisza.uploads.models import HandedFile

State = HandedFile.State


def conflict_of(file: HandedFile, verdict: dict[str, Any]) -> dict[str, Any]:
    """What changes in the verdict: nothing, skipped (the very same file again), or quarantined."""
    uid = verdict.get("sop_instance_uid", "")
    if not uid or verdict["state"] != "sorted":
        return {}
    mine = patients.aliases(patients.survivor(file.delivery.patient))
    handed = HandedFile.objects.filter(sop_instance_uid=uid, state__in=[State.SORTED, State.ACCEPTED])
    for other in handed.exclude(pk=file.pk).select_related("delivery"):
        is_same = other.sha256 == verdict["sha256"]
        if not is_same or other.delivery.patient_id not in mine:
            return {"state": "quarantined", "reason": "same_uid"}
        if other.delivery_id == file.delivery_id:
            return {"state": "skipped", "reason": "duplicate"}
    return _conflict_with_archive(uid, verdict, mine)


def _conflict_with_archive(uid: str, verdict: dict[str, Any], mine: frozenset[Any]) -> dict[str, Any]:
    instance = (
        Instance.objects.filter(sop_instance_uid=uid).select_related("series").defer("frame_index").first()
    )
    if instance is None:
        return {}
    links = ExaminationStudy.objects.filter(study=instance.series.study_id)
    is_of_other = links.exclude(examination__patient__in=mine).exists()
    if is_of_other or instance.dataset_sha256 != verdict["dataset_sha256"]:
        return {"state": "quarantined", "reason": "same_uid"}
    return {"facts": verdict["facts"] | {"known": True}}
