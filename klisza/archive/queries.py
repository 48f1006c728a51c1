"""Reading the archive. It knows no patients: whoever calls has already decided that these studies may be
seen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from klisza.base.ids import opaque_uid

from .models import HANDED_IN, Forward, ForwardedInstance, Instance, Peer, Series, Study, Tombstone

# A series of these is text, a mark or a plan: it stands behind the images and is not counted as one.
NOT_IMAGES = frozenset({
    "SR", "KO", "PR", "DOC", "REG", "SEG", "RTPLAN", "RTSTRUCT", "RTDOSE", "RTRECORD", "RWV", "PLAN", "STAIN",
    "ECG", "HD", "AU",
})  # fmt: skip
# Storage SOP classes whose objects are documents: structured reports (with key objects), encapsulated PDF, CDA.
REPORT_CLASSES = ("1.2.840.10008.5.1.4.1.1.88.", "1.2.840.10008.5.1.4.1.1.104.")
REPORT_MODALITIES = frozenset({"SR", "DOC"})
# Several frames in one object are a film here; elsewhere (enhanced CT and MR) they are a volume.
FILMS = frozenset({"US", "IVUS", "XA", "RF", "ES", "XC"})
DEFAULT_FRAME_TIME_MS = 66.0  # 15 pictures a second, for a cine that does not say


@dataclass(frozen=True)
class SeriesCard:
    """One series as the examination page and the viewer's strip show it.

    showable: something of it can be drawn. frame_time_ms: between two
    frames of a moving picture; 0 = still images.
    """

    id: uuid.UUID
    opaque_uid: str
    study_opaque_uid: str
    modality: str
    title: str
    instance_count: int
    frame_count: int
    has_preview: bool
    showable: bool
    frame_time_ms: float


@dataclass(frozen=True)
class StudyCounts:
    series: int
    instances: int
    frames: int


def settled(limit: int = 100) -> list[Study]:
    """Complete studies whose previews are those of their newest revision, newest first."""
    complete = Study.objects.filter(state=Study.State.SETTLED, derived_revision=F("revision"))
    return list(complete.order_by("-last_received_at")[:limit])


def report_objects(*, instance: str = "", series: str = "series__") -> Q:
    """Instances that are a report, not pictures; instance, series: how a query gets to their columns."""
    wanted = Q(**{f"{series}modality__in": REPORT_MODALITIES})
    for start in REPORT_CLASSES:
        wanted |= Q(**{f"{instance}sop_class_uid__startswith": start})
    return wanted


def series_of(study_ids: Iterable[uuid.UUID], *, with_reports: bool = True) -> list[SeriesCard]:
    """Series with at least one visible instance, in display order: images first, then by series number.

    with_reports: False leaves out the objects that are reports, while the report may not be seen.
    """
    visible = Q(instances__hidden_reason="")
    if not with_reports:
        visible &= ~report_objects(instance="instances__", series="")
    drawn = visible & Q(instances__unshowable="", instances__number_of_frames__gt=0)
    rows = (
        Series.objects.filter(study_id__in=list(study_ids))
        .annotate(
            instance_count=Count("instances", filter=visible),
            drawn_count=Count("instances", filter=drawn),
            frame_count=Coalesce(Sum("instances__number_of_frames", filter=drawn), 0),
        )
        .filter(instance_count__gt=0)
    )
    ordered = sorted(rows, key=_display_key)
    return [_card(series) for series in ordered]


def counts(study_id: uuid.UUID) -> StudyCounts:
    """Of what may be shown."""
    row = Instance.objects.filter(series__study_id=study_id, hidden_reason="").aggregate(
        series=Count("series", distinct=True),
        instances=Count("id"),
        frames=Coalesce(Sum("number_of_frames"), 0),
    )
    return StudyCounts(**row)


def study_of(uid: str) -> Study | None:
    """By its StudyInstanceUID."""
    return Study.objects.filter(study_instance_uid=uid).first()


def hidden_studies() -> list[Study]:
    """Of which nothing is shown, newest first."""
    return list(Study.objects.exclude(hidden_reason__in=["", HANDED_IN]).order_by("-last_received_at"))


def notes_on(study: Study) -> list[str]:
    """SOP Instance UIDs of the rejection notes in force on it, those of staff included."""
    notes = Tombstone.objects.filter(study_instance_uid=study.study_instance_uid, revoked_at=None)
    return sorted(set(notes.values_list("note_uid", flat=True)))


def is_shown(instance_id: uuid.UUID, blob_key: str) -> bool:
    """Asked again while it is sent: not hidden meanwhile, and still these bytes."""
    return Instance.objects.filter(pk=instance_id, blob_id=blob_key, hidden_reason="").exists()


def receivers() -> list[Peer]:
    """Peers that images can be sent to: one machine with a port, or a DICOMweb address."""
    can = ~Q(stow_url="") | (Q(port__isnull=False) & ~Q(address__contains="/"))
    return list(Peer.objects.filter(can).order_by("name"))


def peer_named(name: str) -> Peer | None:
    return Peer.objects.filter(name=name).first()


def to_send(forward: Forward) -> list[ForwardedInstance]:
    """What the peer has not answered for good yet, and the archive still shows."""
    rows = forward.instances.filter(state="waiting", instance__hidden_reason="").order_by("id")
    rows = rows.select_related("instance__blob")
    return list(rows.defer("instance__frame_index"))


def uncommitted(forward: Forward) -> list[ForwardedInstance]:
    """What the peer took and has not said to keep."""
    rows = forward.instances.filter(state="stored").select_related("instance").order_by("id")
    return list(rows.defer("instance__frame_index"))


def stuck() -> QuerySet[Forward]:
    """Given up, or asked in vain whether it is kept, and nobody of the staff has noted it."""
    return Forward.objects.filter(state__in=["failed", "unanswered"], noted_at=None)


def forwards_of(subject: uuid.UUID) -> list[Forward]:
    return list(Forward.objects.filter(subject=subject).order_by("asked_at"))


def forward(forward_id: uuid.UUID) -> Forward | None:
    return Forward.objects.filter(pk=forward_id).first()


def forwarded(forward: Forward) -> dict[str, int]:
    """How many of its instances are in which state."""
    rows = forward.instances.values_list("state").annotate(n=Count("id"))
    return dict(rows.order_by("state"))


class ForwardedImage(NamedTuple):
    state: str
    reason: str
    series: int | None
    modality: str
    description: str
    number: int | None


def forwarded_images(forward: Forward) -> list[ForwardedImage]:
    """Each of its instances, in the order of series and numbers."""
    series = "instance__series"
    rows = forward.instances.order_by(
        f"{series}__series_number", f"{series}_id", "instance__instance_number", "id"
    )
    columns = ("series_number", "modality", "series_description")
    named = [f"{series}__{column}" for column in columns]
    return [
        ForwardedImage(*row)
        for row in rows.values_list("state", "reason", *named, "instance__instance_number")
    ]


def _display_key(series: Series) -> tuple[bool, bool, int, str]:
    return (
        series.modality in NOT_IMAGES,
        series.series_number is None,
        series.series_number or 0,
        str(series.pk),
    )


def _card(series: Series) -> SeriesCard:
    drawn: int = series.drawn_count  # type: ignore[attr-defined]
    frames: int = series.frame_count  # type: ignore[attr-defined]
    return SeriesCard(
        id=series.pk,
        opaque_uid=opaque_uid(series.pk),
        study_opaque_uid=opaque_uid(series.study_id),
        modality=series.modality,
        title=series.series_description,
        instance_count=series.instance_count,  # type: ignore[attr-defined]
        frame_count=frames,
        has_preview=series.preview_id is not None,
        showable=drawn > 0 and series.modality not in NOT_IMAGES,
        frame_time_ms=(series.frame_time_ms or DEFAULT_FRAME_TIME_MS) if frames > drawn else 0.0,
    )
