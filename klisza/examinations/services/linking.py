"""A study finds its patient and its examinations; what does not match is shown to nobody (R60).

What an order or a report named goes first, then accession number and issuer, within one patient; a likeness of
day and modality is only proposed to staff (hospital-integration.md 1.5). The links are computed from what is
known now, so that the order in which it came makes no difference (L7).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction

from klisza.accounts.services import revoke
from klisza.archive.models import Series, Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.examinations import kinds, queries
from klisza.examinations.models import (
    Examination,
    ExaminationStudy,
    Order,
    State,
    StudyDecision,
    StudyIntake,
)
from klisza.examinations.queries import names as naming
from klisza.examinations.queries.names import Name
from klisza.patients import queries as patients
from klisza.patients.models import Patient

from . import matching
from .corrections import note_breach
from .describing import performed_at
from .encapsulated import take_back
from .state import refresh
from .whose import Unmatched, patient_of

Targets = dict[uuid.UUID, tuple[Examination, str]]  # examination and how it was found


@transaction.atomic
def link_study(*, study: Study, by: Actor, quiet: bool = False) -> StudyIntake | None:
    """Link one study to its patient's examinations, or note why not.

    A study that is still arriving is linked too when its patient is known, but no intake is kept: it is looked
    at again when it settles. Studies of a kind that is not shown and whose patient is unknown are no task for
    staff. What staff decided about it stays.
    """
    decision = StudyDecision.objects.select_related("patient").filter(study=study).first()
    _hold(study, decision)
    try:
        patient, reason = _decided(decision) if decision else patient_of(study)
        examinations = _link(study, patient, decision, by=by, quiet=quiet)
        shown = any(examination.shown_kind for examination in examinations)
        outcome = "linked" if shown else "not_shown"
        reason = reason or _warning(examinations)
    except Unmatched as why:
        _unlink(study, by=by, quiet=quiet)
        outcome, reason = ("unmatched" if _kind(study).shown else "not_shown"), str(why)
    if decision and decision.patient is None:
        outcome = "rejected"
    if study.state != Study.State.SETTLED and outcome != "rejected":
        return None
    values = {
        "revision": study.revision,
        "outcome": outcome,
        "reason": reason,
        "at": clock.now(),
        "documents_taken": outcome != "linked",
    }
    return StudyIntake.objects.update_or_create(study=study, defaults=values)[0]


def _hold(study: Study, decision: StudyDecision | None) -> None:
    """Nobody this study may join or leave is corrected, or given a report, until the link is decided."""
    owner = queries.owner_of(study.issuer, study.patient_id)
    people = {owner.pk, patients.survivor(owner).pk} if owner else set()
    people |= {decision.patient.pk} if decision and decision.patient else set()
    people |= set(ExaminationStudy.objects.filter(study=study).values_list("examination__patient", flat=True))
    list(Patient.objects.select_for_update().filter(pk__in=people).order_by("pk"))


def _decided(decision: StudyDecision) -> tuple[Patient, str]:
    if decision.patient is None:
        raise Unmatched("rejected_by_staff")
    return decision.patient, ""


def _warning(examinations: list[Examination]) -> str:
    """Images of an order that was cancelled are shown, and staff are told."""
    orders = Order.objects.filter(examinations__in=examinations)
    standing = orders.exclude(state=State.CANCELLED).exists()
    return "order_cancelled" if orders.exists() and not standing else ""


def _link(
    study: Study, patient: Patient, decision: StudyDecision | None, *, by: Actor, quiet: bool
) -> list[Examination]:
    mine = queries.family(patient)
    _unlink(study, unless=mine, by=by, quiet=quiet)
    targets = _chosen(decision, mine) if decision else {}
    targets = targets or _targets(study, patient, mine)
    if decision:
        targets = {pk: (examination, "staff") for pk, (examination, _) in targets.items()}
    _leave_others(study, targets, by=by, quiet=quiet)
    for pk, (_, how) in targets.items():
        examination = Examination.objects.filter(pk=pk).first()  # it may have become one with another
        if examination:
            _join(examination, study, how, by=by)
            _take_number(study, examination, mine, alone=len(targets) == 1, by=by)
    linked = Examination.objects.filter(study_links__study=study).order_by("pk")
    return [refresh(examination, quiet=quiet) for examination in linked]


def _chosen(decision: StudyDecision, mine: Collection[uuid.UUID]) -> Targets:
    """The examination that staff chose; by its names when its row was made anew meanwhile."""
    found = decision.examination
    if found is None and decision.names:
        names = {Name(kind, value, issuer) for kind, issuer, value in decision.names}
        found = next(iter(naming.own_matches(names, mine)), None)
    return {found.pk: (found, "staff")} if found and found.patient_id in mine else {}


def _targets(study: Study, patient: Patient, mine: frozenset[uuid.UUID]) -> Targets:
    """Every examination that names the study, else every one of its accession numbers: n to m (section 5)."""
    by_uid = _naming_the_study(study, mine)
    claimed: Targets = {}
    shells: Targets = {}
    numbers = naming.accessions_of(study)
    for number in numbers:
        own = _bearing(number, mine)
        for examination in own:
            group = shells if naming.is_shell(examination) else claimed
            group[examination.pk] = (examination, "accession")
        if not any(map(naming.is_claimed, own)):
            _refuse_claimed(number, own, mine)
    if by_uid:
        return by_uid | claimed
    for number in numbers:
        if not any(_bears(one, number) for one, _ in [*claimed.values(), *shells.values()]):
            shell = _shell(study, patient, number, mine)
            shells[shell.pk] = (shell, "shell")
    if not numbers:
        shell = _shell(study, patient, Name("study", study.study_instance_uid), mine)
        shells[shell.pk] = (shell, "shell")
    return claimed | shells


def _naming_the_study(study: Study, mine: frozenset[uuid.UUID]) -> Targets:
    name = Name("study", study.study_instance_uid)
    named = [one for one in naming.holders(name) if not naming.is_shell(one)]
    own = [one for one in named if one.patient_id in mine]
    if not own and naming.claimed_by_others(name, mine):
        raise Unmatched("study_of_other_patient")
    return {one.pk: (one, "uid") for one in own}


def _bearing(number: Name, mine: frozenset[uuid.UUID]) -> list[Examination]:
    own = [one for one in naming.holders(number) if one.patient_id in mine and _bears(one, number)]
    # An exact issuer goes before one that merely does not contradict.
    exact = [one for one in own if number in naming.names_of(one)]
    return exact or own


def _bears(examination: Examination, number: Name) -> bool:
    return any(naming.fits(name, number) for name in naming.names_of(examination))


def _refuse_claimed(number: Name, own: list[Examination], mine: frozenset[uuid.UUID]) -> None:
    """Orders and reports of somebody else; or his or her images, unless this person's stood there before."""
    others = naming.claimed_by_others(number, mine)
    if not others and not own:
        others = [
            one
            for one in naming.holders(number)
            if one.patient_id not in mine and _bears(one, number) and not naming.is_left(one)
        ]
    if others:
        raise Unmatched("accession_of_other_patient")


def _shell(study: Study, patient: Patient, name: Name, mine: frozenset[uuid.UUID]) -> Examination:
    """An examination that only images speak for, so far. One that this study had alone gets the new name."""
    for linked in naming.linked_to(study.study_instance_uid):
        bears_other = any(one.kind == "accession" for one in naming.names_of(linked))
        has_others = linked.study_links.exclude(study=study).exists()
        if linked.patient_id in mine and naming.is_shell(linked) and not bears_other and not has_others:
            matching.add_names(linked, [name])
            return linked
    left = [one for one in naming.holders(name) if one.patient_id in mine and _bears(one, name)]
    if left:  # its studies went elsewhere, or this one did and is back
        return left[0]
    return matching.make(
        patient,
        [name],
        issuer=study.issuer,
        at=performed_at(study),
        kind=_kind(study).code,
        place=study.institution_name,
    )


def _join(examination: Examination, study: Study, how: str, *, by: Actor) -> None:
    link, made = ExaminationStudy.objects.get_or_create(
        examination=examination, study=study, defaults={"how": how, "linked_at": clock.now()}
    )
    if made:
        record("study.linked", by=by, patient_id=examination.patient_id, objects=[study, examination])
    elif how == "staff" and link.how != how:
        link.how = how
        link.save(update_fields=["how"])


def _take_number(
    study: Study, examination: Examination, mine: frozenset[uuid.UUID], *, alone: bool, by: Actor
) -> None:
    """An examination without accession number learns it from its images, and may turn out to be another's twin."""
    numbers = naming.accessions_of(study)
    has_number = any(name.kind == "accession" for name in naming.names_of(examination))
    if alone and len(numbers) == 1 and not has_number:
        matching.add_names(examination, numbers)
    matching.unify(examination, mine, by=by)


def _leave_others(study: Study, targets: Targets, *, by: Actor, quiet: bool) -> None:
    """Examinations of the same person that it was linked to before and no longer belongs to.

    A shell that held nothing else goes into the examination the study has found.
    """
    links = ExaminationStudy.objects.filter(study=study).exclude(examination__in=targets)
    for link in links.select_related("examination"):
        shell = link.examination
        others = shell.study_links.exclude(study=study).exists()
        if not others and naming.is_shell(shell):
            into = next(iter(targets.values()))[0]
            matching.absorb(shell, into=into, by=by, with_names=False)
        else:
            _remove(link, study, by=by, quiet=quiet)


def _unlink(
    study: Study, *, unless: frozenset[uuid.UUID] = frozenset(), by: Actor, quiet: bool = False
) -> None:
    """What was linked to somebody else, or no longer matches, disappears from there in this transaction.

    So do the reports that were taken out of its objects: they are as misfiled as its images.
    """
    links = ExaminationStudy.objects.filter(study=study).select_related("examination")
    for link in links.exclude(examination__patient__in=unless):
        if unless and link.examination.visible:
            note_breach(examination=link.examination, cause="moved_study", by=by)
        _remove(link, study, by=by, quiet=quiet)


def _remove(link: ExaminationStudy, study: Study, *, by: Actor, quiet: bool) -> None:
    examination = link.examination
    link.delete()
    take_back(study=study, examination=examination, by=by)
    record("study.unlinked", by=by, patient_id=examination.patient_id, objects=[study, examination])
    revoke(subject=str(study.pk))
    refresh(examination, quiet=quiet)


def _kind(study: Study) -> kinds.Kind:
    modalities = Series.objects.filter(study=study).values_list("modality", flat=True)
    return kinds.for_modalities(modalities, study.study_description)
