"""DICOM rows. Column names are the attributes' keywords in snake case; values are what the object said."""

from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id

# Study.hidden_reason of a patient's files as staff look at them: linked to nobody, told to no machine.
HANDED_IN = "handed_in"


class Peer(models.Model):
    """A DICOM application entity that may send: title and address belong together (R02)."""

    name = models.CharField(max_length=64, unique=True)
    ae_title = models.CharField(max_length=16)
    address = models.CharField(max_length=64)  # one address or a network in CIDR form
    port = models.PositiveIntegerField(null=True)
    issuer = models.CharField(max_length=128, blank=True)
    charset = models.CharField(
        max_length=32, blank=True
    )  # SpecificCharacterSet assumed for what it sends unlabelled
    # What its encapsulated PDF and SR objects become: title or concept codes that are reports; [] = none,
    # null = all (hospital-integration.md 1.6).
    report_titles = models.JSONField(null=True)
    # Where it takes images by DICOMweb (STOW-RS, PS3.18 10.5), without the trailing "/studies"; empty = C-STORE.
    stow_url = models.URLField(max_length=300, blank=True)
    # The Authorization header it wants there (Basic or Bearer), sealed; empty = none.
    stow_sealed = models.BinaryField(default=bytes)
    created_at = models.DateTimeField()


class Study(models.Model):
    class State(models.TextChoices):
        RECEIVING = "receiving"
        SETTLED = "settled"

    id = models.UUIDField(primary_key=True, default=new_id)  # also its opaque UID in browsers: 2.25.<id>
    study_instance_uid = models.CharField(max_length=64, unique=True)
    patient_id = models.CharField(max_length=128, blank=True)
    issuer = models.CharField(max_length=128)
    patient_name = models.CharField(
        max_length=400, blank=True
    )  # for the mismatch check only; never shown to a patient
    patient_birth_date = models.DateField(null=True)
    patient_sex = models.CharField(max_length=16, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    # IssuerOfAccessionNumberSequence (0008,0051), else the sender's; "" = nobody said.
    accession_issuer = models.CharField(max_length=128, blank=True)
    study_date = models.DateField(null=True)
    study_time = models.TimeField(null=True)
    study_description = models.CharField(max_length=200, blank=True)
    study_id = models.CharField(max_length=64, blank=True)
    institution_name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.RECEIVING)
    revision = models.PositiveIntegerField(default=0)  # raised each time it settles anew
    received_at = models.DateTimeField()
    last_received_at = models.DateTimeField(db_index=True)
    settles_at = models.DateTimeField()
    # Why nothing of it is shown; what is hidden stands on each instance. mixed: its instances name two
    # patients; moved: all name the new one, it waits to be linked anew; quality, safety, wrong_patient:
    # everything of it was rejected; handed_in: a patient's files, for staff only.
    hidden_reason = models.CharField(max_length=16, blank=True)
    derived_revision = models.IntegerField(default=-1)  # previews and metadata are those of this revision
    described_revision = models.IntegerField(default=-1)  # what an export needs of it is in the index

    class Meta:
        indexes = [
            models.Index(
                fields=["settles_at"], condition=models.Q(state="receiving"), name="study_receiving"
            ),
            models.Index(fields=["issuer", "patient_id"], name="study_patient_key"),
        ]


class Series(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    series_instance_uid = models.CharField(max_length=64)
    modality = models.CharField(max_length=16, blank=True)
    series_number = models.IntegerField(null=True)
    series_description = models.CharField(max_length=200, blank=True)
    body_part_examined = models.CharField(max_length=64, blank=True)
    laterality = models.CharField(max_length=16, blank=True)
    station_name = models.CharField(max_length=64, blank=True)
    # RequestAttributesSequence (0040,0275): [[accession number, issuer or ""]] of a grouped study.
    requested_accessions = models.JSONField(default=list)
    # Made by the worker in the sandbox:
    preview = models.ForeignKey(
        "blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+"
    )  # JPEG, long side 768
    thumbnail = models.ForeignKey(
        "blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+"
    )  # JPEG, long side 256
    metadata = models.ForeignKey(
        "blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+"
    )  # gzip JSON, opaque UIDs
    full_metadata = models.ForeignKey(
        "blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+"
    )  # gzip JSON as sent
    frame_time_ms = models.FloatField(
        null=True
    )  # between two frames of its multi-frame objects, when they say so
    # Records of a DICOMDIR for its patient, study and series: {"PATIENT": base64, ...}; see standards/dicom/directory.py.
    directory_records = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "series_instance_uid"], name="series_once")]


class Instance(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    sop_instance_uid = models.CharField(max_length=64, unique=True)
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    source = models.CharField(max_length=64, blank=True)  # Peer.name, or by what else it came
    instance_number = models.IntegerField(null=True)
    number_of_frames = models.PositiveIntegerField(default=0)  # 0 = no pixel data
    rows = models.PositiveIntegerField(default=0)
    columns = models.PositiveIntegerField(default=0)
    blob = models.ForeignKey(
        "blobs.Blob", on_delete=models.PROTECT, related_name="+"
    )  # Part 10: our preamble and meta + the data set as received
    dataset_offset = models.PositiveIntegerField()  # where the received data set begins in the blob
    dataset_sha256 = models.CharField(max_length=64)
    # Frames as the viewer gets them: pieces of `blob`, or of `rendition` when browsers cannot decode the original.
    frame_index = models.BinaryField(default=bytes)  # see archive/frames.py
    frame_syntax_uid = models.CharField(max_length=64, blank=True)
    rendition = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    unshowable = models.CharField(max_length=300, blank=True)  # why it cannot be drawn; blank = it can
    # mixed (with its study) | quality | safety | wrong_patient (rejected) | note (is a rejection note);
    # blank = visible. The one thing that every reader goes by.
    hidden_reason = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField()
    # Its own record of a DICOMDIR; the type is empty when it can have none. Both are known with Blob.crc32.
    directory_type = models.CharField(max_length=32, blank=True)
    directory_record = models.BinaryField(default=bytes)
    # Bytes of the file in Explicit VR Little Endian; 0 = it is that already, or cannot be turned into it.
    explicit_size = models.BigIntegerField(default=0)


class Quarantined(models.Model):
    """An object that was kept but is shown to nobody: conflicting or unreadable. Staff read the reason and decide."""

    id = models.UUIDField(primary_key=True, default=new_id)
    blob = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32)  # same_uid_other_bytes | same_study_other_patient | unreadable
    reason = models.CharField(max_length=500)
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="conflicts")
    # Of an object of another patient: taken in when the study moves to that patient.
    study = models.ForeignKey(Study, null=True, on_delete=models.SET_NULL, related_name="+")
    sha256 = models.CharField(max_length=64, unique=True)  # the same bad object again is one row
    source = models.CharField(max_length=128)
    received_at = models.DateTimeField()
    seen = models.PositiveIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True)


class Tombstone(models.Model):
    """A KOS rejection note named this instance; it may have come before the instance itself (IOCM).

    code: 113001 quality | 113037 patient safety | 113038 wrong worklist entry (wrong patient) | 113039 retention.
    """

    sop_instance_uid = models.CharField(max_length=64)
    study_instance_uid = models.CharField(max_length=64, db_index=True)
    code = models.CharField(max_length=16)
    note_uid = models.CharField(max_length=64)  # SOP Instance UID of the note
    noted_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sop_instance_uid", "note_uid"], name="tombstone_once")
        ]


class Resent(models.Model):
    """A stored instance came again, the same but for the patient: PACS fixed its tags (1.5, correction 5).

    While the instances of a study disagree the study is shown to nobody; when all agree it moves.
    """

    instance = models.OneToOneField(
        Instance, primary_key=True, on_delete=models.CASCADE, related_name="resent"
    )
    issuer = models.CharField(max_length=128)
    patient_id = models.CharField(max_length=128)
    patient_name = models.CharField(max_length=400, blank=True)
    patient_birth_date = models.DateField(null=True)
    patient_sex = models.CharField(max_length=16, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    accession_issuer = models.CharField(max_length=128, blank=True)
    requested_accessions = models.JSONField(default=list)
    transfer_syntax_uid = models.CharField(max_length=64)
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    dataset_offset = models.PositiveIntegerField()
    dataset_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()


class Superseded(models.Model):
    """What an instance was before the PACS fixed its patient: kept, shown to nobody (R28)."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="superseded")
    issuer = models.CharField(max_length=128)
    patient_id = models.CharField(max_length=128)
    transfer_syntax_uid = models.CharField(max_length=64)
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    dataset_offset = models.PositiveIntegerField()
    dataset_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()


class Correction(models.Model):
    """Something of a study was hidden, moved or shown again; whoever builds on studies looks at it once.

    kind: rejected | restored | mixed | unmixed | moved. code: of the rejection note.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="corrections")
    kind = models.CharField(max_length=8)
    code = models.CharField(max_length=16, blank=True)
    instances = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(db_index=True)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["at"], condition=models.Q(handled_at=None), name="correction_waiting")
        ]


class RefusedAssociation(models.Model):
    """An association we did not accept, for the integration engineer."""

    at = models.DateTimeField(db_index=True)
    calling_ae_title = models.CharField(max_length=16, blank=True)
    called_ae_title = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=45)
    reason = models.CharField(max_length=200)


class Association(models.Model):
    """An association that we accepted, written when it has ended; for the integration engineer.

    outcome: released | aborted | rejected. kept_aside: taken over, but for staff to look at. reason: of the
    last object that was refused.
    """

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)
    peer_name = models.CharField(max_length=64)
    calling_ae_title = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=45)
    echoes = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    kept_aside = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=8)
    reason = models.CharField(max_length=200, blank=True)


class Forward(models.Model):
    """Images on their way to another archive (the hospital's PACS), with what it has answered so far.

    peer_name: Peer.name, which may be removed. subject: what it belongs to (a Takeover). state: waiting (or to be
    tried again at next_at), sent (everything stored, commitment asked for or not offered), committed, unanswered (sent,
    but it was asked in vain whether it keeps them), failed (given up, see its instances).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    peer_name = models.CharField(max_length=64)
    subject = models.UUIDField(null=True)
    state = models.CharField(max_length=12, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    reason = models.CharField(
        max_length=200, blank=True
    )  # why the last try ended; one line without patient data
    # When the peer is asked once more what it keeps; null = it need not be asked.
    commit_at = models.DateTimeField(null=True)
    commit_attempts = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    noted_at = models.DateTimeField(null=True)  # staff know that it failed or was not answered

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(state="waiting"), name="forward_waiting"),
            models.Index(
                fields=["commit_at"], condition=models.Q(commit_at__isnull=False), name="forward_commit"
            ),
            models.Index(fields=["subject"], name="forward_subject"),
        ]

    def __str__(self) -> str:
        return f"Forward {self.pk}"


class CommitmentRequest(models.Model):
    """Asked of a peer: does it keep these images (PS3.4 J)? An answer to an earlier one counts as well."""

    forward = models.ForeignKey(Forward, on_delete=models.CASCADE, related_name="commitments")
    transaction_uid = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField()


class ForwardedInstance(models.Model):
    """state: waiting | stored (the peer said success) | committed (it promised to keep it) | uncommitted (it does
    not keep it) | failed (it did not take it).

    syntax_uid: as it travelled; another one than its own when the peer does not take that.
    """

    forward = models.ForeignKey(Forward, on_delete=models.CASCADE, related_name="instances")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=12, default="waiting")
    status = models.PositiveIntegerField(null=True)  # of the C-STORE response, or of HTTP
    reason = models.CharField(max_length=200, blank=True)
    syntax_uid = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["forward", "instance"], name="forwardedinstance_once")]
