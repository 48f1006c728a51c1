from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Export(models.Model):
    """One download of an examination, under way or over.

    A process that died stops beating and frees its place.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    examination = models.ForeignKey("examinations.Examination", on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, blank=True)  # complete | stopped | broken

    class Meta:
        indexes = [
            models.Index(fields=["account"], condition=models.Q(finished_at=None), name="export_running")
        ]
