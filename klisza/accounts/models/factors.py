"""Second factors: passkeys, generators of codes, recovery codes."""

from __future__ import annotations

from django.db import models

from klisza.accounts.models.people import Account
from klisza.base.ids import new_id


class Factor(models.Model):
    """A passkey or an authenticator app of an account, as its second factor; a passkey replaces the password too.

    Not in use before confirmed_at: an app has shown one right code first.
    """

    class Kind(models.TextChoices):
        PASSKEY = "passkey"
        TOTP = "totp"

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=64, blank=True)  # the owner's word for it
    sealed = models.BinaryField()  # app: the secret; passkey: credential id and public key
    digest = models.CharField(max_length=64, unique=True, null=True)  # passkey: of its credential id
    sign_count = models.BigIntegerField(default=0)  # passkey: 0 for those that live on several devices
    last_step = models.BigIntegerField(default=0)  # app: no code of this step or an earlier one counts again
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)


class Challenge(models.Model):
    """What a passkey is to sign: 256 random bits, once, for minutes, bound to the browser's session by its id."""

    id = models.UUIDField(primary_key=True, default=new_id)
    purpose = models.CharField(max_length=8)  # add | login | prove
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE)  # none at the login page
    challenge = models.CharField(max_length=64)
    expires_at = models.DateTimeField()


class RecoveryCode(models.Model):
    """One of ten codes of 80 bits, shown once and kept as HMAC; each opens one login."""

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
