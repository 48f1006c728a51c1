from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Unit(models.Model):
    """A part of the hospital with which a patient may share, and who belongs to it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    members = models.ManyToManyField("accounts.Account", related_name="+")


class Share(models.Model):
    """Somebody may see chosen examinations of one person for a limited time.

    Whether it counts at this moment is queries.standing' business alone: time, its sharer's own right and the
    person's record decide at every look, whether or not a job was there to note it.
    """

    class Kind(models.TextChoices):
        EXTERNAL = "external"  # link by mail, PIN apart
        SLIP = "slip"  # link as a QR code on paper, for one visit
        INTERNAL = "internal"  # to a unit of the hospital; no link, no PIN

    class State(models.TextChoices):
        OPEN = "open"
        BLOCKED = "blocked"  # by the owner, or by wrong PINs; can be opened again
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=8, choices=Kind)
    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="+")
    # Whose browser made it; None for a slip of the registration desk. A carer's share lives by the grant.
    account = models.ForeignKey("accounts.Account", null=True, on_delete=models.CASCADE, related_name="+")
    grant = models.ForeignKey("patients.Grant", null=True, on_delete=models.CASCADE, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="shares")
    # The link is known to its mail and its reader only; here lies what it is compared with (R50).
    token_digest = models.CharField(max_length=64, unique=True, null=True)
    pin_hash = models.CharField(max_length=160, blank=True)  # argon2id of a keyed digest
    pin_way = models.CharField(max_length=4, blank=True)  # sms | mail | self
    email = models.EmailField(blank=True)
    mobile = models.CharField(max_length=20, blank=True)  # E.164
    language = models.CharField(max_length=5, default="pl")
    comment = models.CharField(max_length=500, blank=True)
    with_report = models.BooleanField(default=True)
    may_download = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    block_cause = models.CharField(max_length=8, blank=True)  # owner | pins
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, blank=True)  # revoked | not_mine | expired | right
    # Raised by one conditional UPDATE before anything is compared (R51), never in Python.
    wrong_pins = models.PositiveSmallIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    link_message = models.ForeignKey(
        "notifications.Message", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    pin_message = models.ForeignKey(
        "notifications.Message", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    bounce_noted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["patient", "-created_at"], name="share_patient"),
            models.Index(fields=["unit"], condition=models.Q(state="open"), name="share_unit"),
            models.Index(
                fields=["expires_at"], condition=models.Q(state__in=["open", "blocked"]), name="share_open"
            ),
        ]

    def __str__(self) -> str:
        return f"Share {self.pk}"  # never an address: this string ends up in logs


class SharedExamination(models.Model):
    """series: ids of those that were there and chosen when it was shared; later ones are not (R52)."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="examinations")
    examination = models.ForeignKey("examinations.Examination", on_delete=models.CASCADE, related_name="+")
    series = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["share", "examination"], name="sharedexamination_once")
        ]


class Visit(models.Model):
    """A guest's browser that has entered the right PIN; `digest` of the key in its cookie.

    noticed_at: the owner has been told of this opening.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="visits")
    digest = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    client = models.CharField(max_length=64, blank=True)
    noticed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["digest"], name="visit_digest"),
            models.Index(fields=["began_at"], condition=models.Q(noticed_at=None), name="visit_unnoticed"),
        ]


class Word(models.Model):
    """What a guest writes back to the owner."""

    class Kind(models.TextChoices):
        NOTE = "note"
        LONGER = "longer"  # asks for more time
        NOT_MINE = "not_mine"  # was not meant for this reader

    id = models.UUIDField(primary_key=True, default=new_id)
    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="words")
    kind = models.CharField(max_length=8, choices=Kind)
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
