"""The way in: a login under way, its codes and the devices it knows."""

from __future__ import annotations

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from klisza.accounts.models.people import Account
from klisza.base.ids import new_id


class Login(models.Model):
    """One login under way, from the right password to the end of its steps; bound to the browser by a random
    key.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    session_digest = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField()
    codes_sent = models.PositiveSmallIntegerField(default=0)
    next_code_at = models.DateTimeField(null=True)
    code_passed_at = models.DateTimeField(null=True)
    passed_by = models.CharField(max_length=8, blank=True)  # sms | totp | passkey | recovery | provider
    finished_at = models.DateTimeField(null=True)
    purpose = models.CharField(max_length=8, default="login")  # login | reset | unlock | confirm
    reset = models.ForeignKey("Reset", null=True, on_delete=models.CASCADE)
    # The account's epoch at the start: a password change, lock or closing ends logins under way as well
    # (R43).
    epoch = models.PositiveIntegerField(default=0)


class KnownDevice(models.Model):
    """A browser in which this account has passed every step once: its wrong passwords have a count of their own.

    digest: of the random key in the browser's signed cookie. It skips no step: it only keeps strangers from
    locking the owner out (R47).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64)
    client = models.CharField(max_length=64, blank=True)  # 'Firefox, Android'
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # its last full login
    expires_at = models.DateTimeField()
    wrong_passwords = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "digest"], name="knowndevice_once"),
        ]


class Code(models.Model):
    """One text-message code; only its HMAC is kept. Only the newest of a login counts (R43)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    digits = models.PositiveSmallIntegerField(default=4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    superseded = models.BooleanField(default=False)


class Session(AbstractBaseSession):
    """What one browser's cookie stands for. Its key is a digest: the value of the cookie lies nowhere (R70).

    The columns beside the content are what owners see in their list of devices; empty before the last step of
    the login. Whoever deletes the row ends the session at its next request.
    """

    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="sessions")
    epoch = models.PositiveIntegerField(default=0)
    client = models.CharField(max_length=64, blank=True)  # 'Firefox, Android'
    network = models.CharField(max_length=48, blank=True)  # IPv4 /24 or IPv6 /48 of the login: no place
    since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # last activity, all tabs together
