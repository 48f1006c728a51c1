"""What staff decide about images in place of the department: its services, and the reason in the audit."""

from __future__ import annotations

from django.db import transaction

from klisza.archive import queries
from klisza.archive import services as archive
from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base.errors import NotFound
from klisza.standards.dicom.rejection import QUALITY, SAFETY, WRONG_WORKLIST_ENTRY

CODES = {"quality": QUALITY, "safety": SAFETY, "wrong_patient": WRONG_WORKLIST_ENTRY}


@transaction.atomic
def take_back(*, study: Study, why: str, reason: str, by: Actor) -> None:
    """Hide all there is of it, as a note of the department would. why: quality | safety | wrong_patient."""
    archive.reject_study(study=study, code=CODES[why], by=by)
    _decided(study, why, reason, by)


@transaction.atomic
def show_again(*, study: Study, note: str, reason: str, by: Actor) -> None:
    """The note, or the rejection by staff, was wrong: what it alone hides is shown again. Raises NotFound."""
    if note not in queries.notes_on(study):
        raise NotFound
    archive.revoke_rejection(note_uid=note, by=by)
    _decided(study, "restored", reason, by)


@transaction.atomic
def settle_disagreement(*, study: Study, accept: bool, reason: str, by: Actor) -> None:
    """The images name two patients and the department sends no more. accept: the new one is right."""
    archive.decide_mixed(study=study, accept=accept, by=by)
    _decided(study, "new_patient" if accept else "old_patient", reason, by)


def _decided(study: Study, what: str, reason: str, by: Actor) -> None:
    record("study.decided", by=by, objects=[study], reason=f"{what}: {reason}")
