"""What machines sent by HL7 v2: kept raw before any answer, with what became of it."""

from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Hl7Peer(models.Model):
    """A sender that may connect: source address, and for TLS the name in its client certificate (R05)."""

    name = models.CharField(max_length=64, unique=True)
    address = models.CharField(max_length=64)  # one address or a network in CIDR form
    certificate_name = models.CharField(max_length=128, blank=True)  # CN required on the TLS port
    sending_application = models.CharField(max_length=180, blank=True)  # MSH-3; blank = any
    sending_facility = models.CharField(max_length=180, blank=True)  # MSH-4; blank = any
    charset = models.CharField(max_length=32, blank=True)  # overrides MSH-18, e.g. CP1250
    issuer = models.CharField(max_length=128, blank=True)  # of identifiers and accession numbers without one
    frame_mb = models.PositiveIntegerField(default=64)  # largest frame
    # Back-fill: patients, orders and reports are kept, but no account, mail or notice follows.
    is_quiet = models.BooleanField(default=False)
    created_at = models.DateTimeField()


class InboundMessage(models.Model):
    """One message as it came, byte for byte. Everything derived from it can be rebuilt (`klisza replay`)."""

    class State(models.TextChoices):
        WAITING = "waiting"  # durable, not applied yet
        APPLIED = "applied"
        HELD = "held"  # patient not known yet: applied when the ADT comes
        REFUSED = "refused"  # answered AE or AR: never applied
        FAILED = "failed"  # ours: an error of the portal while applying; replay helps after a repair
        REPEATED = "repeated"  # the same message again: same answer, no effect
        IGNORED = "ignored"  # understood, nothing to do

    id = models.BigAutoField(primary_key=True)  # order of arrival
    uid = models.UUIDField(unique=True, default=new_id)  # its name in addresses
    peer = models.ForeignKey(Hl7Peer, null=True, on_delete=models.SET_NULL, related_name="+")
    peer_name = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    received_at = models.DateTimeField(db_index=True)
    # The frame's content without its block characters; above a limit it lies in `blob`.
    raw = models.BinaryField(default=bytes)
    blob = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    size = models.PositiveIntegerField()
    digest = models.CharField(
        max_length=64
    )  # SHA-256 of the normalised body (2.3): MSH-7 and line ends do not count
    sending_application = models.CharField(max_length=180, blank=True)
    sending_facility = models.CharField(max_length=180, blank=True)
    control_id = models.CharField(max_length=199, blank=True, db_index=True)  # MSH-10
    message_type = models.CharField(max_length=16, blank=True)  # ORU^R01
    stated_at = models.DateTimeField(null=True)  # MSH-7
    # For the console's search and for messages that wait for their patient; "issuer|value" each.
    patient_key = models.CharField(max_length=260, blank=True, db_index=True)
    accession_number = models.CharField(max_length=64, blank=True, db_index=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    answer = models.CharField(max_length=2, blank=True)  # AA AE AR (or CA CE CR)
    code = models.CharField(max_length=8, blank=True)  # HL70357
    location = models.CharField(max_length=64, blank=True)  # ERR-2, e.g. PID^1^3
    reason = models.CharField(max_length=500, blank=True)  # one line for staff, without patient data
    warnings = models.JSONField(default=list)  # lines for staff, e.g. "control id reused with another body"
    replays = models.PositiveIntegerField(default=0)
    # Times it was begun again after a process had died with messages waiting: what kills us is set aside.
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="waiting"), name="inbound_waiting"),
            models.Index(fields=["patient_key"], condition=models.Q(state="held"), name="inbound_held"),
            models.Index(
                fields=["sending_application", "sending_facility", "control_id"], name="inbound_identity"
            ),
        ]


class WorkItem(models.Model):
    """Business trouble of a message that was accepted: staff look at it, the hospital's queue goes on.

    kind: no_order | unknown_patient | no_mobile | status_unknown | document_unreadable | patient_differs |
    identifiers_of_two | patient_deleted | move_needs_staff | cancelled_but_visible | wrong_patient |
    pointer_not_allowed | control_id_reused | failed | ... (presenters translate them).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=32)
    message = models.ForeignKey(
        InboundMessage, null=True, on_delete=models.CASCADE, related_name="work_items"
    )
    patient = models.ForeignKey("patients.Patient", null=True, on_delete=models.CASCADE, related_name="+")
    examination = models.ForeignKey(
        "examinations.Examination", null=True, on_delete=models.CASCADE, related_name="+"
    )
    detail = models.CharField(max_length=300, blank=True)  # never a name or an identifier
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "message"], condition=models.Q(done_at=None), name="workitem_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(done_at=None), name="workitem_open")
        ]


class ApplierLease(models.Model):
    """One process at a time applies waiting messages, in the order of their arrival.

    asked_by: who needs it for itself (`klisza replay`): the holder steps back until that request has ended.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=64, blank=True)
    asked_until = models.DateTimeField(null=True)


class RefusedConnection(models.Model):
    """A connection we did not accept or had to cut, for the integration engineer."""

    at = models.DateTimeField(db_index=True)
    peer_name = models.CharField(max_length=64, blank=True)  # blank = a stranger
    address = models.CharField(max_length=45)
    reason = models.CharField(max_length=200)
