from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from klisza.base.ids import new_id


class Account(AbstractBaseUser):
    """A way to sign in. It knows no patient: `patients.Patient.account` points here.

    password: argon2id. E-mail and mobile are delivery addresses, never identity: two accounts may share
    both (R12).
    """

    class Kind(models.TextChoices):
        PATIENT = "patient"
        STAFF = "staff"

    class State(models.TextChoices):
        NEW = "new"  # temporary password sent, never signed in
        ACTIVE = "active"
        LOCKED = "locked"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=new_id)
    user_name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PATIENT)
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    display_name = models.CharField(
        max_length=200, blank=True
    )  # staff only; a patient's name is patients' business
    email = models.EmailField(blank=True)
    mobile = models.CharField(max_length=20, blank=True)  # E.164
    language = models.CharField(max_length=5, default="pl")
    created_at = models.DateTimeField()
    # The password is temporary until the owner has set one: it opens nothing but the page that sets it.
    password_is_temporary = models.BooleanField(default=True)
    temporary_until = models.DateTimeField(null=True)
    password_changed_at = models.DateTimeField(null=True)
    # Counters are raised by one conditional UPDATE before anything is compared (R41), never in Python.
    wrong_passwords = models.PositiveSmallIntegerField(default=0)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    locked_at = models.DateTimeField(null=True)
    lock_cause = models.CharField(max_length=16, blank=True)  # passwords | codes | staff | merge | hospital
    lock_told_at = models.DateTimeField(null=True)  # one mail a day
    # Raised when every session of the account must die: password change, lock, closing.
    session_epoch = models.PositiveIntegerField(default=0)
    # What an own password may not consist of (names, birth year): given by patients, sealed, read at that
    # one step only.
    password_words = models.BinaryField(null=True)

    USERNAME_FIELD = "user_name"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        indexes = [models.Index(fields=["email"], name="account_email")]

    def __str__(self) -> str:
        return f"Account {self.pk}"  # never the user name: this string ends up in logs

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state in (self.State.NEW, self.State.ACTIVE)


class StaffRole(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(
        max_length=16
    )  # registration | clinic | radiology | privacy | integration | admin

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "role"], name="staffrole_once")]


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
    finished_at = models.DateTimeField(null=True)
    purpose = models.CharField(max_length=8, default="login")  # login | reset
    reset = models.ForeignKey("Reset", null=True, on_delete=models.CASCADE)
    # The account's epoch at the start: a password change, lock or closing ends logins under way as well
    # (R43).
    epoch = models.PositiveIntegerField(default=0)


class Code(models.Model):
    """One text-message code; only its HMAC is kept. Only the newest of a login counts (R43)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    superseded = models.BooleanField(default=False)


class Reset(models.Model):
    """A "forgotten password" link: 256 bits, kept as digest, 30 minutes, newest only, used once at POST."""

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    superseded = models.BooleanField(default=False)


class ResetRequest(models.Model):
    """Somebody asked for a new password or the own user names. The worker looks up whose: the answer cannot
    tell (R46).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    wish = models.CharField(max_length=8, default="password")  # password | names
    sealed = models.BinaryField()  # the user name or e-mail address as typed
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, db_index=True)


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


class ClauseAcceptance(models.Model):
    """Which text of the information clause (GDPR art. 13) was accepted, word for word by its hash."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="acceptances")
    version = models.CharField(max_length=32)
    language = models.CharField(max_length=5)
    sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "version"], name="clauseacceptance_once")]


class MachineClient(models.Model):
    """A hospital machine that speaks DICOMweb; its bearer token is printed once and kept as digest."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    issuer = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class Revocation(models.Model):
    """Permission given out before this moment is dead: everything of an account, of one sign-in, or to one study.

    Tickets live without the database; every web process reads the newest rows about once a second.
    """

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=64)  # digest: services.revocation.subject_of
    at = models.DateTimeField(db_index=True)
