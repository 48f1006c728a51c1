"""Taking instances out of sight, and saying so: the one place that decides why something is hidden.

`Instance.hidden_reason` is what every reader goes by; it changes in one transaction with the study's revision
(so that previews and metadata are made anew), the end of its tickets, an audit row and a Correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import F

from klisza.accounts.services import revoke
from klisza.archive.models import HANDED_IN, Correction, Instance, Study, Tombstone
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.standards.dicom.rejection import QUALITY, SAFETY, WRONG_WORKLIST_ENTRY

# What each title of a note does; 113039 (retention expired) hides nothing: the patient keeps what there is
# until it is purged by policy.
REASONS = {QUALITY: "quality", SAFETY: "safety", WRONG_WORKLIST_ENTRY: "wrong_patient"}
WITHHELD = ("mixed", "moved")  # Study.hidden_reason while its patient is not settled
WEAKEST_FIRST = ("", "mixed", "quality", "safety", "wrong_patient")
NOTE = "note"  # a rejection note itself is nothing to look at
AT_ONCE = 500  # rows of one IN list


def rejected_as(study_uid: str, sop_uid: str) -> str:
    """The strongest reason for which notes took this instance back; "" = none did."""
    named = Tombstone.objects.filter(sop_instance_uid=sop_uid, study_instance_uid=study_uid, revoked_at=None)
    reasons = (REASONS.get(code, "") for code in named.values_list("code", flat=True))
    return max(reasons, key=WEAKEST_FIRST.index, default="")


def hide(study: Study, sop_uids: Sequence[str], reason: str) -> int:
    """Hide these instances of the study unless a stronger reason hides them already; returns how many."""
    weaker = WEAKEST_FIRST[: WEAKEST_FIRST.index(reason)]
    rows = Instance.objects.filter(series__study=study, hidden_reason__in=weaker)
    return sum(
        rows.filter(sop_instance_uid__in=chunk).update(hidden_reason=reason) for chunk in chunks(sop_uids)
    )


def reason_of_all(study: Study) -> str:
    """Study.hidden_reason: why nothing of it is to be seen; "" when something is."""
    if study.hidden_reason in (*WITHHELD, HANDED_IN):
        return study.hidden_reason
    reasons = set(
        Instance.objects.filter(series__study=study)
        .exclude(hidden_reason=NOTE)
        .values_list("hidden_reason", flat=True)
        .distinct()
    )
    known = reasons & set(WEAKEST_FIRST)
    return "" if "" in reasons else max(known, key=WEAKEST_FIRST.index, default="")


def say(study: Study, kind: str, *, by: Actor, code: str = "", instances: int = 0) -> None:
    """What follows each change of what may be seen of a study; its row is locked by the caller.

    kind: of a Correction. Raises the revision and ends the tickets; works within two seconds of the commit.
    """
    Study.objects.filter(pk=study.pk).update(hidden_reason=study.hidden_reason, revision=F("revision") + 1)
    revoke(subject=str(study.pk))
    Correction.objects.create(study=study, kind=kind, code=code, instances=instances, at=clock.now())
    record(f"study.{kind}", by=by, objects=[study], reason=code)


def chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))
