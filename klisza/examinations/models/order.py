"""What was ordered and when the patient comes."""

from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id
from klisza.examinations.models.examination import Examination, State


class Order(models.Model):
    """One requested procedure as the RIS said it last; n to m with examinations through `examinations`.

    `stated`: {field: [time, control id]}: an older message never overwrites a newer one, field by field.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=128)
    key = models.CharField(max_length=200)  # filler number, else placer number, else accession number
    placer_number = models.CharField(max_length=128, blank=True)
    placer_issuer = models.CharField(max_length=128, blank=True)  # "" = not said, as of the others
    filler_number = models.CharField(max_length=128, blank=True)
    filler_issuer = models.CharField(max_length=128, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    accession_issuer = models.CharField(max_length=128, blank=True)
    requested_procedure_id = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    procedure_text = models.CharField(max_length=200, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    station = models.CharField(max_length=64, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    ward_text = models.CharField(max_length=200, blank=True)
    scheduled_at = models.DateTimeField(null=True)
    performed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    stated = models.JSONField(default=dict)
    examinations = models.ManyToManyField(Examination, related_name="orders")
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "key"], name="order_once")]
        indexes = [
            models.Index(fields=["filler_number"], name="order_filler"),
            models.Index(fields=["placer_number"], name="order_placer"),
            models.Index(fields=["accession_number"], name="order_accession"),
            models.Index(fields=["patient"], name="order_patient"),
        ]


class Appointment(models.Model):
    """SIU: a visit after which results may be discussed (N10)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=128)
    key = models.CharField(max_length=200)  # filler, else placer appointment id
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=9, default="booked")  # booked | cancelled | no_show
    service_code = models.CharField(max_length=64, blank=True)
    service_text = models.CharField(max_length=200, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    stated = models.JSONField(default=dict)
    origin = models.CharField(max_length=64, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "key"], name="appointment_once")]
