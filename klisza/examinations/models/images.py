"""How studies came to examinations."""

from __future__ import annotations

from django.db import models

from klisza.examinations.models.examination import Examination


class ExaminationStudy(models.Model):
    """n to m: one accession may have three studies, one study two accessions."""

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="study_links")
    study = models.ForeignKey("archive.Study", on_delete=models.PROTECT, related_name="+")
    how = models.CharField(
        max_length=16
    )  # uid | accession | shell | staff (stays when rules would say other)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["examination", "study"], name="examinationstudy_once")]


class StudyDecision(models.Model):
    """Staff said whose a study is, or that it is nobody's; the rules of linking do not overrule it.

    patient: null = rejected, shown to nobody. names: those of the examination that was chosen, [[kind, issuer,
    value]], so that it is found again when rows are rebuilt; empty = as the rules find it within the patient.
    """

    study = models.OneToOneField(
        "archive.Study", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    patient = models.ForeignKey("patients.Patient", null=True, on_delete=models.PROTECT, related_name="+")
    examination = models.ForeignKey(Examination, null=True, on_delete=models.SET_NULL, related_name="+")
    names = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()


class StudyIntake(models.Model):
    """What became of a settled study: linked, or unmatched with the reason that staff read (R60)."""

    study = models.OneToOneField(
        "archive.Study", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    revision = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16)  # linked | unmatched | not_shown | rejected (by staff)
    # unknown_patient | no_patient_id | birth_date_differs | name_differs | name_of_other_patient |
    # accession_of_other_patient | study_of_other_patient; with outcome linked, as a warning for staff:
    # family_name_differs | given_name_differs | order_cancelled.
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
