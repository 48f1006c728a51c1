"""The end of a study that only staff saw: somebody has decided about it, and the copy has served its purpose."""

from __future__ import annotations

from django.db import transaction

from klisza.accounts.services import revoke
from klisza.archive.models import HANDED_IN, Instance, Series, Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.blobs.models import Blob

OF_SERIES = ("preview", "thumbnail", "metadata", "full_metadata")


@transaction.atomic
def drop_handed_in(*, study: Study, by: Actor) -> None:
    """Rows and all that was made of them; the bytes go with the sweep. Any other study stays what it is."""
    row = Study.objects.select_for_update().filter(pk=study.pk, hidden_reason=HANDED_IN).first()
    if row is None:
        return
    instances = Instance.objects.filter(series__study=row)
    keys = {key for pair in instances.values_list("blob_id", "rendition_id") for key in pair}
    columns = [f"{name}_id" for name in OF_SERIES]
    keys |= {key for found in Series.objects.filter(study=row).values_list(*columns) for key in found}
    record("study.preview_dropped", by=by, objects=[row])
    revoke(subject=str(row.pk))
    row.delete()
    Blob.objects.filter(pk__in=[key for key in keys if key]).delete()
