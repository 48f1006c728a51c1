"""Append-only: triggers (migration 0002) refuse UPDATE and DELETE on both tables (R68)."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """Who did what to whose data (IHE BALP content); written in the transaction of the thing itself.

    Names nobody: agents, patients and objects are our random ids; `source_ip` is the only personal field.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=64)  # noun.verb: examination.opened, login.code_wrong
    outcome = models.CharField(max_length=16, default="success")  # success | refused | failed
    agent_kind = models.CharField(max_length=16)  # account | staff | guest | system | machine | anonymous
    agent_id = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=64, blank=True)
    source_ip = models.CharField(max_length=45, blank=True)
    client = models.CharField(max_length=64, blank=True)  # browser family, never the full header
    patient_id = models.UUIDField(null=True)
    objects_json = models.JSONField(default=list)  # [{"kind": "Study", "id": "..."}]
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient_id", "-at"], name="audit_patient_at")]


class AuditLink(models.Model):
    """The chain: SHA-256 over the previous link and the event as JSON; written by the worker in id order."""

    event = models.OneToOneField(AuditEvent, primary_key=True, on_delete=models.PROTECT, related_name="link")
    hash = models.CharField(max_length=64)


class AuditHead(models.Model):
    """A signed point of the chain; the same line also goes to a file outside the database."""

    at = models.DateTimeField()
    event_id = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
