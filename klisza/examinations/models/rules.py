"""Tables that the staff edits: names, wards, what is shown and when."""

from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id
from klisza.examinations.models.examination import Examination


class ProcedureName(models.Model):
    """Code of the RIS -> plain words for patients; staff edit it and import it as CSV."""

    code = models.CharField(max_length=64, unique=True)
    name_pl = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    name_uk = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=8, blank=True)  # code of kinds.py; blank = by modality
    flags = models.CharField(max_length=200, blank=True)  # words with spaces, for release rules
    updated_at = models.DateTimeField()


class Ward(models.Model):
    """The ordering clinic, as it stands on the examination: name, telephone and what happens next."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    telephone = models.CharField(max_length=40, blank=True)
    next_step_pl = models.TextField(blank=True)
    next_step_en = models.TextField(blank=True)
    next_step_uk = models.TextField(blank=True)
    updated_at = models.DateTimeField()


class KindRule(models.Model):
    """Which examinations patients see, before the built-in table (kinds.py); the first that fits decides.

    Blank = any. kind blank = leave the kind as it is.
    """

    position = models.PositiveIntegerField()
    modality = models.CharField(max_length=16, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    station = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=8, blank=True)
    is_shown = models.BooleanField(default=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["position", "id"]


class ReleaseRule(models.Model):
    """When images and report may be seen (N10, B27); the first that fits decides, else at once.

    Blank = any. images, report: at_once | days | clinician | visit | never | report (images only: with the
    report). days: counted from the first final report, for images from the examination. cap_days: whatever
    the rule says, visible this many days after the first final version; null = no cap.
    """

    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    flag = models.CharField(max_length=32, blank=True)
    images = models.CharField(max_length=10, default="at_once")
    images_days = models.PositiveIntegerField(default=0)
    report = models.CharField(max_length=10, default="at_once")
    report_days = models.PositiveIntegerField(default=0)
    cap_days = models.PositiveIntegerField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["position", "id"]


class ReleaseDecision(models.Model):
    """A clinician holds or releases one examination; the newest of each subject counts."""

    id = models.UUIDField(primary_key=True, default=new_id)
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="release_decisions")
    subject = models.CharField(max_length=8)  # images | report
    decision = models.CharField(max_length=8)  # hold | release | rule (back to the rules)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()


class RuleChange(models.Model):
    """Rules were changed: a job computes anew every examination that was computed before."""

    changed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["changed_at"], condition=models.Q(done_at=None), name="rulechange_waiting")
        ]
