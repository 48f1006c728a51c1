"""What is over: unfinished uploads, deliveries nobody began, and bytes that nothing refers to any more."""

from __future__ import annotations

from django.db.models import F

from klisza.base import clock
from klisza.uploads import storage
from klisza.uploads.models import HandedFile, Upload

LEFT_SECONDS = 6 * 3600.0  # far longer than a request or a run of sorting takes
BATCH = 200


def end_uploads() -> int:
    """After settings.UPLOAD_LIFE without a byte. The file still stands on its list and can be sent anew."""
    over = list(Upload.objects.filter(expires_at__lte=clock.now()).values_list("pk", flat=True)[:BATCH])
    Upload.objects.filter(pk__in=over).delete()
    return len(over)


def sweep() -> int:
    """Bytes of batches and uploads that were sorted, refused or forgotten."""
    keys = storage.older_than(LEFT_SECONDS)
    removed = 0
    for start in range(0, len(keys), BATCH):
        some = keys[start : start + BATCH]
        used = set(HandedFile.objects.filter(staged__in=some).values_list("staged", flat=True))
        unfinished = Upload.objects.filter(pk__in=some, offset__lt=F("length"))
        used |= set(unfinished.values_list("pk", flat=True))
        for key in set(some) - used:
            storage.remove(key)
            removed += 1
    return removed
