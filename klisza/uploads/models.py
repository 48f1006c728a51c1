"""What a patient hands in: one delivery, its list of files, and the unfinished uploads of large ones.

Bytes travel in two steps. What arrives lies durable in the staging folder (storage.py), as a part of a batch or as
the file of one upload; sorting then gives every file that is kept a blob of its own.
"""

from __future__ import annotations

import secrets

from django.db import models

from klisza.base.ids import new_id


def new_key() -> str:
    """128 random bits: whoever does not own an upload cannot name it either (R35)."""
    return secrets.token_hex(16)


class Delivery(models.Model):
    """Files for one subject: for purpose "survey" the id of a SurveyRequest.

    state: collecting (the list may change), closed (the list stands, bytes are on their way), complete (everything
    has arrived), incomplete (given up waiting; may still become complete), refused (by staff).
    """

    class State(models.TextChoices):
        COLLECTING = "collecting"
        CLOSED = "closed"
        COMPLETE = "complete"
        INCOMPLETE = "incomplete"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")  # who sends
    purpose = models.CharField(max_length=16)
    subject = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.COLLECTING)
    ending = models.CharField(max_length=8, blank=True)  # upload | without | deliver
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField()  # the last byte, or the last change of the list
    complete_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purpose", "subject"], name="delivery_subject_once")]
        indexes = [
            models.Index(fields=["moved_at"], condition=models.Q(state="closed"), name="delivery_closed"),
            models.Index(fields=["patient", "-created_at"], name="delivery_patient"),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk}"


class HandedFile(models.Model):
    """One file of the list. Who it may belong to, and why it goes no further, is told by sorting.

    state: waiting (for bytes), arrived, sorted (staff may look at it), quarantined (kept, shown to staff with the
    reason only), refused (by sorting or staff; not kept), skipped (of no use, counted), accepted (by staff).
    """

    class Kind(models.TextChoices):
        DICOM = "dicom"
        PDF = "pdf"
        IMAGE = "image"
        ARCHIVE = "archive"  # a ZIP; what was in it are files of their own
        OTHER = "other"

    class State(models.TextChoices):
        WAITING = "waiting"
        ARRIVED = "arrived"
        SORTED = "sorted"
        QUARANTINED = "quarantined"
        REFUSED = "refused"
        SKIPPED = "skipped"
        ACCEPTED = "accepted"

    id = models.UUIDField(primary_key=True, default=new_id)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveIntegerField()
    # The ZIP it came out of.
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="members")
    name = models.CharField(max_length=255)  # without folders
    path = models.CharField(max_length=500, blank=True)  # with folders, as chosen: "CD/DICOM/IM0001"
    title = models.CharField(max_length=200, blank=True)
    description = models.CharField(max_length=1000, blank=True)
    size = models.BigIntegerField()
    # How the browser finds the same file again when the folder is chosen anew: a short sum of its path and size.
    mark = models.CharField(max_length=32, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OTHER)
    state = models.CharField(max_length=11, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=32, blank=True)  # a code; words in wording.REASONS
    media_type = models.CharField(max_length=64, blank=True)
    blob = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)  # of the bytes as handed in
    # Where the bytes lie until they are sorted: a file of the staging folder and the place within it.
    staged = models.CharField(max_length=32, blank=True, db_index=True)
    staged_offset = models.BigIntegerField(default=0)
    # {family, given, birth_date, ids: [[issuer, value]]} as the file says; null: it names nobody.
    person = models.JSONField(null=True)
    is_me = models.BooleanField(null=True)  # null: neither the comparison nor the patient has said so
    # What staff read at a glance: modality, study_date, study_description, series_description, pages.
    facts = models.JSONField(default=dict)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    series_instance_uid = models.CharField(max_length=64, blank=True)
    sop_instance_uid = models.CharField(max_length=64, blank=True)
    arrived_at = models.DateTimeField(null=True)
    sorted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "position"], name="handedfile_position_once")
        ]
        indexes = [
            models.Index(
                fields=["arrived_at"], condition=models.Q(state="arrived"), name="handedfile_arrived"
            ),
            models.Index(fields=["sop_instance_uid"], name="handedfile_sop"),
        ]

    def __str__(self) -> str:
        return f"HandedFile {self.pk}"  # never a name: this string ends up in logs


class Upload(models.Model):
    """An unfinished tus upload of one file. `offset`: bytes that are durable; only they are ever acknowledged."""

    id = models.CharField(primary_key=True, max_length=32, default=new_key)
    file = models.OneToOneField(HandedFile, on_delete=models.CASCADE, related_name="upload")
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return "Upload"  # its id is what opens it


class Preview(models.Model):
    """Handed-in images as staff look at them: an archive study of opaque UIDs that no patient and no machine sees.

    Its own UIDs: a file from outside must never take the place of an object that a department is yet to send (R28).
    """

    study = models.OneToOneField(
        "archive.Study", primary_key=True, on_delete=models.CASCADE, related_name="preview"
    )
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="previews")
    study_instance_uid = models.CharField(max_length=64)  # as the files say

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "study_instance_uid"], name="preview_study_once")
        ]


class Previewed(models.Model):
    """This file was put into its preview, or cannot be."""

    file = models.OneToOneField(
        HandedFile, primary_key=True, on_delete=models.CASCADE, related_name="previewed"
    )
    is_shown = models.BooleanField()


class Takeover(models.Model):
    """What staff decided about files of a delivery; the worker carries an acceptance out.

    verdict: accepted | refused. accession_number: of the chosen order, or a new one (IHE import reconciliation).
    issuer, local_id: the number of the person in this hospital that the images are to carry. peer_name: to whom they
    are forwarded, empty = to nobody. state: waiting | done. message: what the person reads, in plain words.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="takeovers")
    verdict = models.CharField(max_length=8)
    message = models.CharField(max_length=1000, blank=True)
    files = models.ManyToManyField(HandedFile, related_name="takeovers")
    examination = models.ForeignKey(
        "examinations.Examination", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    accession_number = models.CharField(max_length=16, blank=True)
    issuer = models.CharField(max_length=128, blank=True)
    local_id = models.CharField(max_length=128, blank=True)
    peer_name = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=7, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    by_account = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], condition=models.Q(state="waiting"), name="takeover_waiting")
        ]

    def __str__(self) -> str:
        return f"Takeover {self.pk}"
