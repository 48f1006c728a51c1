"""What an account asks to change: password, contact, its own end."""

from __future__ import annotations

from django.db import models

from klisza.accounts.models.people import Account
from klisza.base.ids import new_id


class Reset(models.Model):
    """A link in a mail, "forgotten password" or "unlock": 256 bits, kept as digest, newest only, used once at POST."""

    class Purpose(models.TextChoices):
        RESET = "reset"
        UNLOCK = "unlock"

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.RESET)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    superseded = models.BooleanField(default=False)


class ContactChange(models.Model):
    """An e-mail address or mobile number on its way into an account: first its owner reads back a code (N17).

    Only the newest of a channel can be confirmed. What came from the hospital waits without a code until the
    owner, signed in, or the desk asks for one.
    """

    class Channel(models.TextChoices):
        MAIL = "mail"
        SMS = "sms"

    class Origin(models.TextChoices):
        OWNER = "owner"
        DESK = "desk"
        HOSPITAL = "hospital"

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contact_changes")
    channel = models.CharField(max_length=4, choices=Channel)
    origin = models.CharField(max_length=8, choices=Origin)
    sealed = models.BinaryField()  # the new address; empty when it was put in or dropped
    old_digest = models.CharField(max_length=64, blank=True)  # of the address in use at that time
    new_digest = models.CharField(max_length=64)
    document = models.CharField(max_length=200, blank=True)  # what the desk has looked at
    created_at = models.DateTimeField()
    code_digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)  # of the code
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)  # replaced by a newer one, or "this is not mine"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "channel"],
                condition=models.Q(done_at=None, dropped_at=None),
                name="contactchange_open_once",
            )
        ]


class ResetRequest(models.Model):
    """Somebody asked for a new password or the own user names. The worker looks up whose: the answer cannot
    tell (R46).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    wish = models.CharField(max_length=8, default="password")  # password | names
    sealed = models.BinaryField()  # the user name or e-mail address as typed
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, db_index=True)


class ClosingRequest(models.Model):
    """An owner wishes the account closed. Done by staff, or by itself after some days; can be taken back."""

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="closing_requests")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(done_at=None, taken_back_at=None),
                name="closingrequest_open_once",
            )
        ]
