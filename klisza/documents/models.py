from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Document(models.Model):
    """A document of one patient: the bytes as the hospital sent them and what was made of them for the screen.

    media_type: application/pdf | text/xml (HL7 CDA R2) | image/* | text/rtf | text/plain. `html` is made by
    us from what the sandbox read in the CDA; no markup of the sender's survives in it.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=16)  # report | hospital | own
    title = models.CharField(max_length=200)
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    media_type = models.CharField(max_length=64, default="application/pdf")
    issued_at = models.DateTimeField()
    received_at = models.DateTimeField()
    pages = models.PositiveIntegerField(default=0)
    rendered_at = models.DateTimeField(null=True)  # page images made; null = waiting for the worker
    unshowable = models.CharField(max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    html = models.TextField(blank=True)
    # MDM: TXA-12, TXA-13, TXA-18, TXA-17/19; versions of one document share `unique_number`'s chain.
    issuer = models.CharField(max_length=128, blank=True)
    unique_number = models.CharField(max_length=128, blank=True)
    parent_number = models.CharField(max_length=128, blank=True)
    stated_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="replaces")
    # confidential | not_authenticated | not_available | parent_withdrawn
    hidden_reason = models.CharField(max_length=32, blank=True)
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid
    description = models.CharField(max_length=1000, blank=True)  # what the person wrote about an own one
    # A PDF without scripts, forms that send, links and attachments, for browsers; null = the original is as harmless.
    cleaned = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(
                fields=["received_at"], condition=models.Q(rendered_at=None), name="document_unrendered"
            ),
            models.Index(fields=["issuer", "unique_number"], name="document_number"),
        ]


class Handing(models.Model):
    """What became of a document that the patient handed in (M4.3). state: sent | taken_over | refused.

    source: the file of the delivery it came with, or the completion whose answers it holds. reason: words of staff
    to the patient.
    """

    class State(models.TextChoices):
        SENT = "sent"
        TAKEN_OVER = "taken_over"
        REFUSED = "refused"

    document = models.OneToOneField(
        Document, primary_key=True, on_delete=models.CASCADE, related_name="handing"
    )
    state = models.CharField(max_length=10, choices=State, default=State.SENT)
    reason = models.CharField(max_length=1000, blank=True)
    source = models.UUIDField(unique=True)
    changed_at = models.DateTimeField()


class DocumentPage(models.Model):
    """One page as a picture, and its text for screen readers and search."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="page_rows")
    number = models.PositiveIntegerField()  # from 1
    image = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")  # PNG
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="documentpage_once")]


class DocumentStatement(models.Model):
    """One MDM about one document (TXA-12). What is shown follows from all of them, whatever came first."""

    issuer = models.CharField(max_length=128)
    unique_number = models.CharField(max_length=128)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    event = models.CharField(max_length=3)  # T01 ... T11
    parent_number = models.CharField(max_length=128, blank=True)
    completion = models.CharField(max_length=2, blank=True)  # TXA-17
    confidentiality = models.CharField(max_length=2, blank=True)  # TXA-18
    availability = models.CharField(max_length=2, blank=True)  # TXA-19
    stated_at = models.DateTimeField()
    control_id = models.CharField(max_length=199, blank=True)
    documents = models.ManyToManyField(Document, related_name="statements")  # what it brought
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "unique_number", "stated_at", "control_id"], name="documentstatement_once"
            )
        ]
        indexes = [models.Index(fields=["issuer", "parent_number"], name="documentstatement_parent")]


class DocumentName(models.Model):
    """An order or study that the document says it belongs to (TXA-14/15, ORC, OBR); its examination may come later.

    kind: as ExaminationIdentifier.
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="names")
    kind = models.CharField(max_length=12)
    issuer = models.CharField(max_length=128, blank=True)
    value = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "kind", "issuer", "value"], name="documentname_once")
        ]
