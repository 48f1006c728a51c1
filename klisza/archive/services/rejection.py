"""Instances that a rejection note, or staff, took back; and taking that back (hospital-integration.md 1.5).

A note may come before the instances it names: its tombstones wait for them. A rejected instance that comes
again stays rejected; what replaces it has a UID of its own.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from klisza.archive.errors import NoSuchNote
from klisza.archive.models import Instance, Study, Tombstone
from klisza.audit.actor import SYSTEM, Actor
from klisza.base import clock
from klisza.base.ids import opaque_uid
from klisza.standards.dicom.rejection import REJECTIONS, Note

from .hiding import REASONS, WITHHELD, chunks, hide, reason_of_all, rejected_as, say
from .resent import weigh

# A note and the first instance of a study nobody had yet may pass each other; this finds them.
PASSED_EACH_OTHER = timedelta(minutes=10)


def apply_note(note: Note, *, note_uid: str, by: Actor) -> None:
    """Remember what the note names and hide what of it is here, in the caller's transaction."""
    now = clock.now()
    rows = (
        Tombstone(
            sop_instance_uid=sop_uid[:64], study_instance_uid=study_uid[:64], code=note.code,
            note_uid=note_uid, noted_at=now,
        )
        for study_uid, sop_uids in note.named.items()
        for sop_uid in sop_uids
    )  # fmt: skip
    Tombstone.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    if note.code in REASONS:
        for study_uids in chunks(list(note.named)):
            here = Study.objects.select_for_update().filter(study_instance_uid__in=study_uids)
            for study in here.order_by("pk"):
                _reject(study, note.named[study.study_instance_uid], note.code, by=by)


def _reject(study: Study, sop_uids: list[str], code: str, *, by: Actor) -> int:
    count = hide(study, sop_uids, REASONS[code])
    if count:
        study.hidden_reason = reason_of_all(study)
        say(study, "rejected", by=by, code=code, instances=count)
        weigh(study, by=by)  # those that disagreed on the patient may be the ones just taken back
    return count


@transaction.atomic
def reject_study(*, study: Study, code: str, by: Actor) -> str:
    """Staff take back everything there is of a study now, as a note would; returns the note's UID.

    code: 113001 | 113037 | 113038.
    """
    if code not in REASONS:
        raise ValueError(f"nothing is hidden for {code}")
    study = Study.objects.select_for_update().get(pk=study.pk)
    uids = Instance.objects.filter(series__study=study).values_list("sop_instance_uid", flat=True)
    note_uid = opaque_uid(uuid.uuid4())
    apply_note(Note(code, {study.study_instance_uid: list(uids)}), note_uid=note_uid, by=by)
    return note_uid


@transaction.atomic
def revoke_rejection(*, note_uid: str, by: Actor) -> int:
    """The note was wrong: what it alone hides is shown again; returns how many instances. Raises NoSuchNote."""
    tombstones = Tombstone.objects.filter(note_uid=note_uid, revoked_at=None, code__in=REJECTIONS)
    named: dict[str, list[str]] = {}
    for study_uid, sop_uid in tombstones.values_list("study_instance_uid", "sop_instance_uid"):
        named.setdefault(study_uid, []).append(sop_uid)
    if not named:
        raise NoSuchNote("there is no such rejection note, or it was revoked already")
    tombstones.update(revoked_at=clock.now())
    studies = Study.objects.select_for_update().filter(study_instance_uid__in=named).order_by("pk")
    return sum(_restore(study, named[study.study_instance_uid], by=by) for study in studies)


def _restore(study: Study, sop_uids: list[str], *, by: Actor) -> int:
    """Each instance gets the reason that is left for it."""
    count = 0
    for chunk in chunks(sop_uids):
        rows = Instance.objects.filter(
            series__study=study, sop_instance_uid__in=chunk, hidden_reason__in=REASONS.values()
        )
        for instance in rows.only("id", "sop_instance_uid", "hidden_reason"):
            left = rejected_as(study.study_instance_uid, instance.sop_instance_uid)
            left = left or ("mixed" if study.hidden_reason in WITHHELD else "")
            if left != instance.hidden_reason:
                count += Instance.objects.filter(pk=instance.pk).update(hidden_reason=left)
    if count:
        study.hidden_reason = reason_of_all(study)
        say(study, "restored", by=by, instances=count)
        weigh(study, by=by)
    return count


def reject_late() -> int:
    """Notes and instances that were written at the same moment, so that neither saw the other."""
    named = Tombstone.objects.filter(
        noted_at__gte=clock.now() - PASSED_EACH_OTHER, revoked_at=None, code__in=REASONS
    )
    visible = Instance.objects.filter(
        sop_instance_uid=OuterRef("sop_instance_uid"),
        series__study__study_instance_uid=OuterRef("study_instance_uid"),
        hidden_reason__in=("", "mixed"),
    )
    missed: dict[tuple[str, str], list[str]] = {}
    for study_uid, code, sop_uid in named.filter(Exists(visible)).values_list(
        "study_instance_uid", "code", "sop_instance_uid"
    ):
        missed.setdefault((study_uid, code), []).append(sop_uid)
    return sum(_reject_missed(study_uid, code, uids) for (study_uid, code), uids in missed.items())


@transaction.atomic
def _reject_missed(study_uid: str, code: str, sop_uids: list[str]) -> int:
    study = Study.objects.select_for_update().get(study_instance_uid=study_uid)
    return _reject(study, sop_uids, code, by=SYSTEM)
