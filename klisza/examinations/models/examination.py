"""An examination, who sees it, and what else names it."""

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


class State(models.TextChoices):
    PLANNED = "planned"
    PERFORMED = "performed"
    CANCELLED = "cancelled"


class Examination(models.Model):
    """The patient's word for one order and its studies. Two independent facts (images, report), one gate."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="examinations")
    kind = models.CharField(max_length=8)  # code of examinations/kinds.py
    title = models.CharField(max_length=200, blank=True)  # plain-language name; blank = the kind's own
    state = models.CharField(max_length=9, choices=State, default=State.PERFORMED)
    performed_at = models.DateTimeField()  # while planned: when it will be
    place = models.CharField(max_length=200, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    modality = models.CharField(max_length=16, blank=True)  # as ordered; images say it better
    ward_code = models.CharField(max_length=64, blank=True)
    station = models.CharField(max_length=64, blank=True)
    flags = models.JSONField(
        default=list
    )  # words of release rules: oncology, ... (procedure names give them)
    # Of one accession number of one issuer; others of a grouped examination stand in identifiers.
    accession_number = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=128)
    # Named by a report or an order that came before its images.
    study_instance_uid = models.CharField(max_length=64, blank=True)
    images = models.CharField(max_length=9, choices=Images, default=Images.NONE)
    images_received = models.PositiveIntegerField(default=0)
    images_expected = models.PositiveIntegerField(null=True)
    report = models.CharField(max_length=9, choices=ReportState, default=ReportState.NONE)
    hidden_reason = models.CharField(max_length=64, blank=True)
    shown_kind = models.BooleanField(default=True)  # the rule table shows this kind
    # Everything but time and viewer, computed by services.refresh.
    visible = models.BooleanField(default=False)
    # The release engine's answer, computed by services.refresh: from when each may be seen; null = not yet
    # known, held or never. `release_why`: at_once | days | clinician | visit | never | staff_hold |
    # staff_release | patient_wish | report_first, for images and report, for the status line.
    images_from = models.DateTimeField(null=True)
    report_from = models.DateTimeField(null=True)
    images_why = models.CharField(max_length=16, blank=True)
    report_why = models.CharField(max_length=16, blank=True)
    first_final_at = models.DateTimeField(
        null=True
    )  # the embargo is counted from here; corrections inherit it
    visit_at = models.DateTimeField(null=True)  # the visit at which the result is discussed
    visit_source = models.CharField(max_length=8, blank=True)  # hl7 | staff | patient
    visit_done_at = models.DateTimeField(null=True)
    # The person keeps it from carers, parents included (R66): set and unset by nobody else.
    hidden_from_carers_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["patient", "-performed_at"], condition=models.Q(visible=True), name="examination_list"
            ),
            models.Index(fields=["issuer", "accession_number"], name="examination_accession"),
            models.Index(fields=["study_instance_uid"], name="examination_study_uid"),
            models.Index(
                fields=["images_from"],
                condition=models.Q(images_from__isnull=False),
                name="examination_images_from",
            ),
            models.Index(
                fields=["report_from"],
                condition=models.Q(report_from__isnull=False),
                name="examination_report_from",
            ),
            models.Index(fields=["updated_at"], name="examination_updated"),
        ]


class GrantedExamination(models.Model):
    """One of the examinations a carer may see whose grant is for chosen ones only."""

    grant = models.ForeignKey("patients.Grant", on_delete=models.CASCADE, related_name="+")
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="granted")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "examination"], name="grantedexamination_once")
        ]


class ExaminationIdentifier(models.Model):
    """Every name by which a machine may mean this examination.

    kind: accession | filler | placer | procedure (requested procedure id) | study; left_by: an order that went
    to another patient and may come back.
    """

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=12)
    issuer = models.CharField(max_length=128, blank=True)
    value = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "issuer", "value", "examination"], name="examinationidentifier_once"
            )
        ]
        indexes = [models.Index(fields=["kind", "issuer", "value"], name="examinationidentifier_value")]


class ExaminationDocument(models.Model):
    """A hospital document (MDM) that belongs to an examination: the examination's gate applies to it."""

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="document_links")
    document = models.OneToOneField("documents.Document", on_delete=models.CASCADE, related_name="+")


class NoticeIntent(models.Model):
    """Something became visible to this account; a job merges the intents of a window into one mail."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    # null for a document of its own ("My documents").
    examination = models.ForeignKey(Examination, null=True, on_delete=models.CASCADE, related_name="+")
    fact = models.CharField(max_length=16)  # images | report | corrected | withdrawn | document
    # Report or document and its version, by content: one notice each, also after a replay.
    detail = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    is_silent = models.BooleanField(default=False)  # noted during a back-fill or replay: never sent

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "examination", "fact", "detail"], name="noticeintent_once"
            ),
            models.UniqueConstraint(  # NULL equals nothing, itself included
                fields=["account", "fact", "detail"],
                condition=models.Q(examination=None),
                name="noticeintent_document_once",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(sent_at=None), name="noticeintent_waiting")
        ]
