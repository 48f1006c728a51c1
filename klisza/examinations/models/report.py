"""Reports in all their versions."""

from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id
from klisza.examinations.models.examination import Examination


class Report(models.Model):
    """One report with all its versions: of one examination, or of several that were dictated together."""

    id = models.UUIDField(primary_key=True, default=new_id)
    # The first one; all of them, this one included, stand in `examinations`.
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="own_reports")
    examinations = models.ManyToManyField(Examination, related_name="reports")
    key = models.CharField(max_length=200)  # what the sender calls it: filler number, document UID, file hash
    # Of a supplement with a name of its own (OBR-29, OBX-4): it stands beside that report and leaves with it.
    parent_key = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["examination", "key"], name="report_once")]


class ReportVersion(models.Model):
    """status: P preliminary, F final, C corrected, A addendum (stands beside what it adds to), X withdrawn.

    sections: the text as paragraphs, [{"title": ..., "paragraphs": [...]}], never markup.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # order of arrival; what is in effect goes by `stated`
    status = models.CharField(max_length=1)
    source = models.CharField(max_length=8)  # script | dicom | oru | mdm | fhir
    # The first document; null for a report that is text only, or that takes another one back.
    document = models.ForeignKey("documents.Document", null=True, on_delete=models.PROTECT, related_name="+")
    sections = models.JSONField(default=list)
    digest = models.CharField(
        max_length=64
    )  # SHA-256 of text and documents: the same again is no new version
    signed_by = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField()
    stated_at = models.DateTimeField()  # OBR-22, else the message's time
    control_id = models.CharField(max_length=199, blank=True)  # breaks ties of stated_at
    # [[time, control id]]: when the sender said the very same again; no version of its own (R62).
    repeats = models.JSONField(default=list)
    is_wrong_patient = models.BooleanField(default=False)  # OBX-11 W
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="reportversion_once")]


class ReportDocument(models.Model):
    """Further documents of one version, in the sender's order (several ED in one ORU)."""

    version = models.ForeignKey(ReportVersion, on_delete=models.CASCADE, related_name="more_documents")
    number = models.PositiveIntegerField()  # from 2
    document = models.ForeignKey("documents.Document", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="reportdocument_once")]


class Breach(models.Model):
    """Something was filed under the wrong patient: who may have seen it, for the privacy officer (113038, W)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    examination = models.ForeignKey(Examination, null=True, on_delete=models.SET_NULL, related_name="+")
    cause = models.CharField(max_length=24)  # report_wrong_patient | rejection_note | moved_study | ...
    was_visible = models.BooleanField(default=False)
    seen = models.JSONField(default=list)  # [{"action", "at", "agent"}] of the audit, taken at that moment
    noted_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_note = models.CharField(max_length=300, blank=True)
