"""Staff decide whose a study is; what they decided survives every new look of the rules, and a replay."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.examinations.models import Examination, StudyDecision, StudyIntake
from klisza.examinations.queries import names as naming
from klisza.patients.models import Patient

from .linking import link_study

REASON_MOST = 300


def assign_study(
    *,
    study: Study,
    patient: Patient | None = None,
    examination: Examination | None = None,
    by: Actor,
    reason: str,
) -> StudyIntake | None:
    """This study belongs to this patient, or to this very examination.

    For a patient alone the rules find, or make, the examination. It leaves whomever it was linked to in the
    same transaction. Raises Refused without a reason.
    """
    chosen = examination.patient if examination else patient
    if chosen is None:
        raise ValueError("a patient or an examination")
    return _decide(study, chosen, examination, action="study.assigned", by=by, reason=reason)


def reject_study(*, study: Study, by: Actor, reason: str) -> StudyIntake | None:
    """Nobody's: a test, a phantom, a study that must not be shown. Raises Refused without a reason."""
    return _decide(study, None, None, action="study.rejected", by=by, reason=reason)


@transaction.atomic
def unassign(*, study: Study, by: Actor, reason: str = "") -> StudyIntake | None:
    """Take back what staff decided: the rules count again."""
    StudyDecision.objects.filter(study=study).delete()
    record("study.unassigned", by=by, objects=[study], reason=reason.strip()[:REASON_MOST])
    return link_study(study=study, by=by)


@transaction.atomic
def _decide(
    study: Study,
    patient: Patient | None,
    examination: Examination | None,
    *,
    action: str,
    by: Actor,
    reason: str,
) -> StudyIntake | None:
    if not reason.strip():
        raise Refused(_("Please say why."))
    names = naming.names_of(examination) if examination else frozenset()
    StudyDecision.objects.update_or_create(
        study=study,
        defaults={
            "patient": patient,
            "examination": examination,
            "names": [[name.kind, name.issuer, name.value] for name in sorted(names)],
            "reason": reason.strip()[:REASON_MOST],
            "decided_by": by.id[:64],
            "decided_at": clock.now(),
        },
    )
    record(
        action,
        by=by,
        patient_id=patient.pk if patient else None,
        objects=[study, *([examination] if examination else [])],
        reason=reason.strip()[:REASON_MOST],
    )
    return link_study(study=study, by=by)
