"""What a copy of an instance needs, kept in the index beforehand: checksum, DICOMDIR records, length of its plain form.

So that the first byte of a ZIP leaves at once, whatever it holds. It can be made again at any time.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q

from klisza.archive.models import HANDED_IN, Instance, Series, Study
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs

DESCRIBE = "klisza.standards.dicom.directory:describe"
AT_ONCE = 500  # instances in one call of the sandbox
STUDIES_A_RUN = 5
ROWS_A_WRITE = 50
CPU_SECONDS, WALL_SECONDS = 300, 600
RECORD_MOST = 64 * 1024  # a structured report's title may carry much; nobody reads this much of it


def run_describe() -> int:
    """Settled studies whose newest revision is not in the index yet, those of earlier versions of Klisza too."""
    waiting = Study.objects.filter(state=Study.State.SETTLED).exclude(described_revision=F("revision"))
    waiting = waiting.exclude(hidden_reason=HANDED_IN)
    rows = list(waiting.order_by("last_received_at").values_list("pk", "revision")[:STUDIES_A_RUN])
    describe(
        Instance.objects.filter(series__study__in=[study_id for study_id, _ in rows]).values_list(
            "pk", flat=True
        )
    )
    for study_id, revision in rows:
        Study.objects.filter(pk=study_id).update(described_revision=revision)
    return len(rows)


def describe(instance_ids: Iterable[uuid.UUID]) -> None:
    """Those of them that are not described yet. Call outside of transactions: it reads and parses."""
    wanted = list(instance_ids)
    for start in range(0, len(wanted), AT_ONCE):
        chunk = wanted[start : start + AT_ONCE]
        fresh = Instance.objects.filter(Q(blob__crc32=None), pk__in=chunk).only("id", "blob_id", "series_id")
        _describe(list(fresh.order_by("instance_number", "id")))


def cannot_be_plain(*, instance_id: uuid.UUID) -> None:
    """It was tried: from now on a copy for any reader carries it as it was stored."""
    Instance.objects.filter(pk=instance_id).update(explicit_size=0)


def _describe(rows: list[Instance]) -> None:
    if not rows:
        return
    found = _asked(rows)
    known = [row for row in rows if _take(row, found.get(str(row.pk), {}))]
    fields = ["directory_type", "directory_record", "explicit_size"]
    for start in range(0, len(known), ROWS_A_WRITE):  # short writes: pages wait for each of them
        Instance.objects.bulk_update(known[start : start + ROWS_A_WRITE], fields)
    for series_id, above in _first_of_series(rows, found).items():
        Series.objects.filter(pk=series_id).exclude(directory_records=above).update(directory_records=above)
    blobs.checksums(row.blob_id for row in rows)  # last: what has a checksum has been described


def _take(row: Instance, said: dict[str, Any]) -> bool:
    """False when it can have no record."""
    row.directory_type = str(said.get("type", ""))[:32]
    row.directory_record = base64.b64decode(said.get("record", ""))
    row.explicit_size = max(0, int(said.get("explicit") or 0))
    return bool(row.directory_type) and len(row.directory_record) <= RECORD_MOST


def _asked(rows: list[Instance]) -> dict[str, Any]:
    """By halves when something kills the child; what kills it alone stays without a record."""
    items = [{"id": str(row.pk), "path": str(blobs.open_path(row.blob_id))} for row in rows]
    try:
        answer: dict[str, Any] = sandbox.call(
            DESCRIBE, {"instances": items}, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS
        )
    except SandboxFailed:
        if len(rows) == 1:
            return {}
        middle = len(rows) // 2
        return _asked(rows[:middle]) | _asked(rows[middle:])
    return answer


def _first_of_series(rows: list[Instance], found: dict[str, Any]) -> dict[uuid.UUID, Any]:
    """Objects of one series may disagree: the first one that was read speaks for it."""
    above: dict[uuid.UUID, Any] = {}
    for row in rows:
        if said := found.get(str(row.pk), {}).get("above"):
            above.setdefault(row.series_id, said)
    return above
