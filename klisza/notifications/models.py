from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Message(models.Model):
    """One mail or text message on its way out. Body and address lie sealed; a secret is wiped at the end."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id)
    channel = models.CharField(max_length=8)  # mail | sms
    kind = models.CharField(max_length=32)  # account | code | reset | locked | notice | ...
    account_id = models.UUIDField(null=True, db_index=True)
    sealed = models.BinaryField()  # JSON {to, subject, text, html} under the purpose "outbox"
    secret = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    # Never before this other one has left, and then a pause later: a PIN does not travel with its link (R54).
    after = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    again_at = models.DateTimeField(null=True)  # staff had it sent once more: tries are counted from here
    bounced_at = models.DateTimeField(null=True)  # the other side took it and sent it back (DSN), or said 5xx
    bounce_status = models.CharField(max_length=16, blank=True)  # RFC 3463, e.g. 5.1.1
    bounce_noted_at = models.DateTimeField(null=True)  # the registration desk has a task about it
    bounce_done_at = models.DateTimeField(null=True)  # staff have dealt with it
    fault = models.CharField(max_length=200, blank=True)  # what the transport said, without addresses

    class Meta:
        indexes = [
            models.Index(
                name="message_due", fields=["due_at"], condition=models.Q(state__in=["waiting", "sending"])
            ),
            models.Index(
                name="message_bounced", fields=["bounced_at"], condition=models.Q(bounced_at__isnull=False)
            ),
        ]
