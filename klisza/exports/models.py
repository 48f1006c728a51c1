from __future__ import annotations

import uuid

from django.db import models

from klisza.base.ids import new_id


class Export(models.Model):
    """One copy of examinations as a ZIP: asked for, made ready, sent in one or several pieces, over.

    Its bytes lie nowhere: they are made from the archive each time, the same ones for the same row. A process that
    died stops beating and frees its place.
    """

    class State(models.TextChoices):
        PREPARING = "preparing"  # the worker makes the pictures of the viewer
        READY = "ready"
        OVER = "over"

    id = models.UUIDField(primary_key=True, default=new_id)
    holder = models.CharField(max_length=64)  # account or share whose places it takes; our random id
    account = models.ForeignKey("accounts.Account", null=True, on_delete=models.CASCADE, related_name="+")
    patient_id = models.UUIDField(null=True)  # whose log it stands in
    # As whom the gate is asked again: {"kind", "grant", "share", "agent", "role", "reason"}.
    viewer = models.JSONField(default=dict)
    session = models.CharField(max_length=64, blank=True)  # keyed digest of the sign-in that it ends with
    examinations = models.JSONField(default=list)  # ids
    options = models.JSONField(default=dict)
    # The key lies in the browser's cookie alone: here its digest, and the password sealed under it.
    key_digest = models.CharField(max_length=64, blank=True)
    password = models.BinaryField(default=bytes)
    secret = models.BinaryField(default=bytes)  # what the salts are derived from
    state = models.CharField(max_length=9, choices=State, default=State.PREPARING)
    prepared = models.PositiveIntegerField(default=0)  # pictures of the viewer that are ready, of `pictures`
    pictures = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    # SHA-256 of the list of everything in it; another one later means that something has changed.
    fingerprint = models.CharField(max_length=64, blank=True)
    listing = models.BinaryField(
        default=bytes
    )  # gzip of JSON: [[name, bytes, SHA-256 of what is stored, instance]]
    checksums = models.JSONField(
        default=dict
    )  # CRC-32 of members that have none before they are read, by number
    stream = models.PositiveIntegerField(default=0)  # number of the newest stream; an older one ends
    sent = models.BigIntegerField(default=0)  # how far the newest stream has come
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)  # no stream runs
    outcome = models.CharField(max_length=16, blank=True)  # complete | stopped | broken | cancelled | changed

    class Meta:
        indexes = [
            models.Index(fields=["holder"], condition=models.Q(finished_at=None), name="export_running"),
            models.Index(
                fields=["started_at"], condition=models.Q(state="preparing"), name="export_preparing"
            ),
            models.Index(fields=["beat_at"], condition=~models.Q(key_digest=""), name="export_open"),
        ]

    @property
    def examinations_asked(self) -> list[uuid.UUID]:
        return [uuid.UUID(one) for one in self.examinations]
