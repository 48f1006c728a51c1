"""The information clause, its versions and who has read which."""

from __future__ import annotations

from django.db import models

from klisza.accounts.models.people import Account


class ClauseText(models.Model):
    """The words behind the hash of an acceptance: what was shown can be read again when files have changed."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    version = models.CharField(max_length=32)
    language = models.CharField(max_length=5)
    text = models.TextField()


class ClauseAcceptance(models.Model):
    """Which text of the information clause (GDPR art. 13) was accepted, word for word by its hash."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="acceptances")
    version = models.CharField(max_length=32)
    language = models.CharField(max_length=5)
    sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "version"], name="clauseacceptance_once")]
