"""What staff see of deliveries, and what the worker has to do about them. Callers have checked the role."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from klisza.archive import queries as archive
from klisza.archive.models import Study
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.documents.models import Handing
from klisza.uploads.models import Delivery, HandedFile, Preview, Previewed, Takeover

State, Kind = HandedFile.State, HandedFile.Kind
CLOSED = (Delivery.State.CLOSED, Delivery.State.COMPLETE, Delivery.State.INCOMPLETE)
DOCUMENTS = (Kind.PDF, Kind.IMAGE)
MOST_ROWS = 200
LOOKED_AT_AFTER = timedelta(minutes=10)  # even a full disc of 10 GiB is sorted by then
# Set aside, but of a person who may after all be the patient: staff may decide otherwise, with a reason.
MAY_BE_TAKEN = Q(state=State.SORTED) | Q(state=State.QUARANTINED, reason="other_person")


@dataclass(frozen=True)
class Disc:
    """Images of one study of the list. preview_id: of the archive's study for the viewer, None = none yet."""

    study_instance_uid: str
    files: list[HandedFile]
    preview_id: uuid.UUID | None

    @property
    def first(self) -> HandedFile:
        return self.files[0]


def documents_to_show(limit: int) -> list[HandedFile]:
    """Sorted PDFs and photos of closed lists that stand in nobody's documents yet."""
    shown = Handing.objects.filter(source=OuterRef("pk"))
    rows = HandedFile.objects.filter(
        ~Exists(shown),
        kind__in=DOCUMENTS,
        state__in=[State.SORTED, State.ACCEPTED],
        delivery__state__in=CLOSED,
    )
    return list(rows.select_related("delivery__patient", "blob").order_by("sorted_at")[:limit])


def files_to_preview(limit: int) -> list[HandedFile]:
    """Sorted images of one closed delivery that staff cannot look at yet."""
    done = Previewed.objects.filter(file=OuterRef("pk"))
    rows = HandedFile.objects.filter(
        MAY_BE_TAKEN, ~Exists(done), kind=Kind.DICOM, blob__isnull=False, delivery__state__in=CLOSED
    ).order_by("delivery__closed_at", "position")
    first = rows.first()
    return list(rows.filter(delivery=first.delivery_id)[:limit]) if first else []


def undecided() -> QuerySet[Delivery]:
    """Closed deliveries with something that staff have not decided about, oldest first."""
    asked = Takeover.objects.filter(files=OuterRef("pk"))
    files = HandedFile.objects.filter(MAY_BE_TAKEN, ~Exists(asked), delivery=OuterRef("pk")).exclude(
        kind=Kind.ARCHIVE
    )
    return Delivery.objects.filter(Exists(files), state__in=CLOSED).order_by("closed_at")


def for_staff_to_do() -> QuerySet[Delivery]:
    """To be decided about, or accepted and not safely in the archive it was sent to."""
    return Delivery.objects.filter(Q(pk__in=undecided().order_by().values("pk")) | _not_forwarded())


def not_forwarded() -> list[Delivery]:
    """The peer did not take all of it, or was asked in vain whether it keeps it."""
    rows = Delivery.objects.filter(_not_forwarded()).select_related("patient")
    return list(rows.order_by("closed_at")[:MOST_ROWS])


def _not_forwarded() -> Q:
    stuck = Takeover.objects.filter(delivery=OuterRef("pk"), pk__in=archive.stuck().values("subject"))
    return Q(Exists(stuck))


def left_lying() -> int:
    """Files that have arrived and that nobody looks at: the worker or the virus scanner is away."""
    rows = HandedFile.objects.filter(state=State.ARRIVED, arrived_at__lt=clock.now() - LOOKED_AT_AFTER)
    return rows.count()


def inbox() -> list[Delivery]:
    """Those somebody has to decide about."""
    counted = undecided().annotate(
        images=Count("files", filter=Q(files__kind=Kind.DICOM)),
        papers=Count("files", filter=Q(files__kind__in=DOCUMENTS)),
        waiting=Count("files", filter=Q(files__state=State.WAITING)),
        aside=Count("files", filter=Q(files__state=State.QUARANTINED)),
    )
    return list(counted.select_related("patient")[:MOST_ROWS])


def decided() -> list[Delivery]:
    """With at least one decision, newest first."""
    rows = Delivery.objects.filter(takeovers__isnull=False).distinct()
    return list(rows.select_related("patient").order_by(F("closed_at").desc(nulls_last=True))[:50])


def for_staff(delivery_id: uuid.UUID) -> Delivery:
    """Raises NotFound, also while the patient is still choosing files."""
    found = (
        Delivery.objects.select_related("patient").filter(pk=delivery_id).exclude(state="collecting").first()
    )
    if found is None:
        raise NotFound
    return found


def discs(delivery: Delivery) -> list[Disc]:
    """Images by study, in the order of the list; to be looked at once all of a study are there."""
    settled = Preview.objects.filter(delivery=delivery, study__state=Study.State.SETTLED)
    previews = dict(settled.values_list("study_instance_uid", "study_id"))
    ready = set(Previewed.objects.filter(file__delivery=delivery).values_list("file_id", flat=True))
    groups: dict[str, list[HandedFile]] = {}
    rows = HandedFile.objects.filter(
        MAY_BE_TAKEN | Q(state=State.ACCEPTED), delivery=delivery, kind=Kind.DICOM
    )
    for file in rows.order_by("position"):
        groups.setdefault(file.study_instance_uid, []).append(file)
    return [
        Disc(uid, files, previews.get(uid) if ready.issuperset(file.pk for file in files) else None)
        for uid, files in groups.items()
    ]


def papers(delivery: Delivery) -> list[HandedFile]:
    rows = HandedFile.objects.filter(
        delivery=delivery, kind__in=DOCUMENTS, state__in=[State.SORTED, State.ACCEPTED]
    )
    return list(rows.order_by("position"))


def set_aside(delivery: Delivery) -> list[HandedFile]:
    """Kept, or not even kept, for a reason that staff read."""
    rows = HandedFile.objects.filter(delivery=delivery, state__in=[State.QUARANTINED, State.REFUSED])
    return list(rows.exclude(reason="other_person", kind=Kind.DICOM).order_by("position")[:500])


def file_for_staff(delivery: Delivery, file_id: uuid.UUID) -> HandedFile:
    """Raises NotFound."""
    found = HandedFile.objects.filter(delivery=delivery, pk=file_id).select_related("blob").first()
    if found is None:
        raise NotFound
    return found


def preview(delivery: Delivery, study_id: uuid.UUID) -> Preview:
    """Raises NotFound."""
    found = Preview.objects.filter(delivery=delivery, study_id=study_id).select_related("study").first()
    if found is None:
        raise NotFound
    return found


def takeovers(delivery: Delivery) -> list[Takeover]:
    rows = Takeover.objects.filter(delivery=delivery).annotate(count=Count("files"))
    return list(rows.order_by("-asked_at"))


def takeover_to_do() -> Takeover | None:
    rows = Takeover.objects.filter(state="waiting").select_related("delivery__patient", "examination")
    return rows.order_by("attempts", "asked_at").first()


def decided_files(delivery: Delivery) -> set[uuid.UUID]:
    rows = Takeover.objects.filter(delivery=delivery).values_list("files", flat=True)
    return {one for one in rows if one}
