from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Images(models.TextChoices):
    NONE = "none"
    RECEIVING = "receiving"
    AVAILABLE = "available"
    WITHDRAWN = "withdrawn"


class ReportState(models.TextChoices):
    NONE = "none"
    PENDING = "pending"  # preliminary only: staff see it, patients never
    AVAILABLE = "available"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Examination(models.Model):
    """The patient's word for one order and its studies. Two independent facts (images, report), one gate."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="examinations")
    kind = models.CharField(max_length=8)  # code of examinations/kinds.py
    title = models.CharField(max_length=200, blank=True)  # plain-language name; blank = the kind's own
    performed_at = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=128)
    # Named by a report that came before its images.
    study_instance_uid = models.CharField(max_length=64, blank=True)
    images = models.CharField(max_length=9, choices=Images, default=Images.NONE)
    images_received = models.PositiveIntegerField(default=0)
    images_expected = models.PositiveIntegerField(null=True)
    report = models.CharField(max_length=9, choices=ReportState, default=ReportState.NONE)
    hidden_reason = models.CharField(max_length=64, blank=True)
    shown_kind = models.BooleanField(default=True)  # the rule table shows this kind
    # Everything but time and viewer, computed by services.refresh.
    visible = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["patient", "-performed_at"], condition=models.Q(visible=True), name="examination_list"
            ),
            models.Index(fields=["issuer", "accession_number"], name="examination_accession"),
            models.Index(fields=["study_instance_uid"], name="examination_study_uid"),
        ]


class ExaminationStudy(models.Model):
    """n to m: one accession may have three studies, one study two accessions."""

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="study_links")
    study = models.ForeignKey("archive.Study", on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=16)  # uid | accession | shell | staff
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["examination", "study"], name="examinationstudy_once")]


class StudyIntake(models.Model):
    """What became of a settled study: linked, or unmatched with the reason that staff read (R60)."""

    study = models.OneToOneField(
        "archive.Study", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    revision = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16)  # linked | unmatched | not_shown
    # unknown_patient | no_patient_id | birth_date_differs | name_differs | accession_of_other_patient |
    # study_of_other_patient; with outcome linked: family_name_differs (a warning for staff).
    reason = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    documents_taken = models.BooleanField(default=True)  # encapsulated PDF objects of this revision are filed

    class Meta:
        indexes = [
            models.Index(
                fields=["at"], condition=models.Q(outcome="unmatched"), name="studyintake_unmatched"
            ),
            models.Index(
                fields=["at"], condition=models.Q(documents_taken=False), name="studyintake_documents"
            ),
        ]


class EncapsulatedIntake(models.Model):
    """What became of an encapsulated PDF object of a linked study; each is taken once."""

    instance = models.OneToOneField(
        "archive.Instance", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    outcome = models.CharField(max_length=16)  # filed | refused
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()


class Report(models.Model):
    """One report of one examination, with all its versions."""

    id = models.UUIDField(primary_key=True, default=new_id)
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="reports")
    key = models.CharField(max_length=200)  # what the sender calls it: filler number, document UID, file hash
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["examination", "key"], name="report_once")]


class ReportVersion(models.Model):
    """status: P preliminary, F final, C corrected, X withdrawn (HL7 table 0123)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=1)
    source = models.CharField(max_length=8)  # script | dicom
    document = models.ForeignKey("documents.Document", on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="reportversion_once")]


class NoticeIntent(models.Model):
    """Something became visible to this account; a job merges the intents of a window into one mail."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="+")
    fact = models.CharField(max_length=16)  # images | report | corrected
    detail = models.CharField(max_length=40, blank=True)  # report version: one notice each
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "examination", "fact", "detail"], name="noticeintent_once"
            )
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(sent_at=None), name="noticeintent_waiting")
        ]
