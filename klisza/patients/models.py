from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Patient(models.Model):
    """One person as the hospital knows him or her; demographics come from ADT (or its script), never from
    images.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.OneToOneField(
        "accounts.Account", null=True, on_delete=models.SET_NULL, related_name="patient"
    )
    family_name = models.CharField(max_length=200)
    given_name = models.CharField(max_length=200)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=1, blank=True)  # F | M | O | blank (DICOM PatientSex)
    email = models.EmailField(blank=True)
    mobile = models.CharField(max_length=20, blank=True)  # E.164
    language = models.CharField(max_length=5, default="pl")
    # A merge re-points nothing: rows stay with their patient, queries take all aliases of the survivor.
    survivor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="aliases")
    # Raised in the transaction of every change of who may see what; tickets, sessions, shares compare it on
    # use.
    access_epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="patient_updated")]

    def __str__(self) -> str:
        return f"Patient {self.pk}"  # never a name: this string ends up in logs


class PatientIdentifier(models.Model):
    """The link key: never a value without its issuer, two hospitals share 000123."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    issuer = models.CharField(max_length=128)
    value = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "value"], name="patientidentifier_once")]


class DeskTask(models.Model):
    """Something the registration desk must do so that this patient gets an account, or keeps a reachable one.

    kind: no_email | no_mobile | number_not_allowed | no_birth_date | under_age | contact_change |
    two_accounts.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="desk_tasks")
    kind = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=models.Q(done_at=None), name="desktask_open_once"
            )
        ]
