"""Counters that slow a guesser down, and what has been shut."""

from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Bucket(models.Model):
    """How often something happened in a window of time; shared by all processes and kept over restarts (R42).

    key: digest of what is counted (source address, user name tried, ...); never the thing itself.
    """

    key = models.CharField(max_length=64)
    window = models.BigIntegerField()  # number of the window since 1970
    count = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="bucket_once")]


class TextHour(models.Model):
    """How many codes went out in one hour, by all processes, and where the breaker trips (R44)."""

    hour = models.DateTimeField(primary_key=True)
    sent = models.PositiveIntegerField(default=0)
    most = models.PositiveIntegerField()


class Alarm(models.Model):
    """An attack on all accounts together is under way; open until it has been quiet for a while."""

    class Kind(models.TextChoices):
        LOGINS = "logins"  # wrong passwords and codes: new codes have six digits
        TEXTS = "texts"  # the breaker of text messages has tripped

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=8, choices=Kind)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(ended_at=None), name="alarm_open_once"
            )
        ]


class Revocation(models.Model):
    """Permission given out before this moment is dead: everything of an account, of one sign-in, or to one study.

    Tickets live without the database; every web process reads the newest rows about once a second.
    """

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=64)  # digest: services.revocation.subject_of
    at = models.DateTimeField(db_index=True)
