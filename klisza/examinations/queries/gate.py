"""`visible` is THE gate: nothing patient-visible is reached past it."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from django.conf import settings
from django.db.models import Case, Q, QuerySet, Value, When

from klisza.base import clock
from klisza.base.errors import NotAllowed, NotFound
from klisza.examinations.models import (
    Examination,
    GrantedExamination,
    Images,
    ReportState,
    State,
)
from klisza.patients import queries as patients
from klisza.patients.models import Grant, Patient
from klisza.patients.viewer import ShareScope, Viewer

PURPOSES = frozenset({"list", "detail", "images", "report", "export", "notice"})
IMAGES_SHOWN = (Images.RECEIVING, Images.AVAILABLE)
REPORTS_SHOWN = (ReportState.AVAILABLE, ReportState.CORRECTED)


def visible(viewer: Viewer, *, purpose: str) -> QuerySet[Examination]:
    """Examinations this viewer may see now, for this purpose.

    purpose: list | detail | notice: that it exists, and where things stand; images | export: its images
    are released; report: its report is. Raises NotAllowed for staff without a reason.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose}")
    if viewer.kind == "staff" and not viewer.reason.strip():
        raise NotAllowed
    if viewer.share is not None:
        return _within_share(viewer.share, purpose)
    mine = open_now().filter(patient_id__in=viewer.patient_ids)
    if viewer.kind == "carer":
        mine = _within_grant(mine, viewer, purpose)
    if purpose in ("images", "export"):
        return mine.filter(images_from__lte=clock.now())
    return mine.filter(report_from__lte=clock.now()) if purpose == "report" else mine


def _within_grant(mine: QuerySet[Examination], viewer: Viewer, purpose: str) -> QuerySet[Examination]:
    """What a carer may see of it, without what the person keeps from carers. A scope that is not known here
    shows nothing.

    Rows for a carer who reads no reports say so themselves: `report_open` is closed for them on every page.
    """
    mine = mine.filter(hidden_from_carers_at=None)
    if viewer.scope == "all":
        return mine
    if viewer.scope == "chosen" and viewer.grant_id is not None:
        return mine.filter(granted__grant_id=viewer.grant_id)
    if viewer.scope == "no_reports" and purpose != "report":
        return mine.annotate(without_reports=Value(True))
    return mine.none()


def _within_share(share: ShareScope, purpose: str) -> QuerySet[Examination]:
    """What the sharer may see now, as far as it was shared: whatever closes it for them closes it here, too."""
    mine = visible(share.sharer, purpose=purpose).filter(pk__in=share.examination_ids)
    if purpose == "export" and not share.may_download:
        return mine.none()
    if share.with_report:
        return mine
    return mine.none() if purpose == "report" else mine.annotate(without_reports=Value(True))


def in_scope(viewer: Viewer, examination: Examination, *, purpose: str) -> bool:
    """A carer's grant reaches this examination, whether or not it is released now."""
    mine = Examination.objects.filter(pk=examination.pk, patient_id__in=viewer.patient_ids)
    return _within_grant(mine, viewer, purpose).exists()


def open_now() -> QuerySet[Examination]:
    """Stands in its patient's list at this moment.

    Of a shown kind, not older than the cut-off (R64), of a person whose record is not restricted.
    """
    return Examination.objects.filter(*_doors().values())


def to_look_at() -> QuerySet[Examination]:
    """In a list, and images or report can be opened now: what an account is made for (S7)."""
    now = clock.now()
    images = Q(images__in=IMAGES_SHOWN, images_from__lte=now)
    report = Q(report__in=REPORTS_SHOWN, report_from__lte=now)
    return open_now().filter(images | report)


def listed(patient: Patient) -> QuerySet[Examination]:
    """In the list of this person now, newest first: for the desk, which chooses among them for a carer."""
    mine = open_now().filter(patient__in=patients.aliases(patients.survivor(patient)))
    return mine.order_by("-performed_at", "-id")


def _doors() -> dict[str, Q]:
    """What must hold, by the word that tells staff what does not: `open_now` and `with_closed_doors` are these."""
    doors = {
        "record": _open_record(),
        "itself": Q(visible=True, shown_kind=True, hidden_reason=""),
    }
    if not settings.SHOW_PLANNED:
        doors["planned"] = ~Q(state=State.PLANNED, images=Images.NONE, report=ReportState.NONE)
    if settings.SHOW_FROM:
        first = datetime.combine(settings.SHOW_FROM, time.min, clock.local_zone())
        doors["cut_off"] = Q(performed_at__gte=first)
    return doors


def _open_record() -> Q:
    open_record = Q(patient__restricted_reason="")
    for merged_into in ("patient__survivor", "patient__survivor__survivor"):
        open_record &= Q(**{merged_into: None}) | Q(**{f"{merged_into}__restricted_reason": ""})
    return open_record


def with_closed_doors(rows: QuerySet[Examination]) -> list[tuple[Examination, str]]:
    """Each with what keeps it out of its patient's list; empty = it stands there.

    record | cut_off | planned | kind | hidden | cancelled | nothing (as `why_not_listed` says it).
    """
    doors = _doors()
    judged = rows.annotate(
        **{
            f"door_{name}": Case(When(door, then=Value(True)), default=Value(False))
            for name, door in doors.items()
        }
    )
    return [(row, _closed_door(row, list(doors))) for row in judged]


def _closed_door(row: Examination, doors: list[str]) -> str:
    closed = next((name for name in doors if not getattr(row, f"door_{name}")), "")
    return (why_not_listed(row) or "nothing") if closed == "itself" else closed


def why_not_listed(examination: Examination) -> str:
    """Everything of the gate but time, person and viewer: cancelled | kind | hidden | nothing; empty = listed.

    A withdrawn fact alone leaves nothing to stand in a list; a performed or planned order does.
    """
    if examination.state == State.CANCELLED:
        return "cancelled"
    if not examination.shown_kind:
        return "kind"
    if examination.hidden_reason:
        return "hidden"
    if examination.images in IMAGES_SHOWN or examination.report in (ReportState.PENDING, *REPORTS_SHOWN):
        return ""
    return "" if examination.orders.exclude(state=State.CANCELLED).exists() else "nothing"


def get_visible(viewer: Viewer, examination_id: uuid.UUID, *, purpose: str) -> Examination:
    """Raises NotFound: the same for another person's examination and for none (R10, R11)."""
    found = visible(viewer, purpose=purpose).filter(pk=examination_id).first()
    if found is None:
        raise NotFound
    return found


def images_open(examination: Examination) -> bool:
    """Released at this moment; whether there are any is another question."""
    return examination.images_from is not None and examination.images_from <= clock.now()


def is_without_reports(examination: Examination) -> bool:
    """This very row was read for a carer who reads no reports."""
    return bool(getattr(examination, "without_reports", False))


def report_open(examination: Examination) -> bool:
    """Never for a carer who reads no reports; see `_within_grant`."""
    if is_without_reports(examination):
        return False
    return examination.report_from is not None and examination.report_from <= clock.now()


def chosen_count(grant: Grant) -> int:
    """Of how many examinations a grant for chosen ones is."""
    return GrantedExamination.objects.filter(grant=grant).count()


def study_ids(examination: Examination) -> list[uuid.UUID]:
    """Studies that may be shown, in the order of their dates."""
    links = examination.study_links.filter(study__hidden_reason="")
    ordered = links.order_by("study__study_date", "study__study_time", "study_id")
    return list(ordered.values_list("study_id", flat=True))
