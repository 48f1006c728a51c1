"""Who may sign in: accounts, their staff roles and what else names them."""

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
    # passwords | codes | staff | merge | hospital | guardian | died; of a closed one: owner | merge.
    lock_cause = models.CharField(max_length=16, blank=True)
    # Wrong passwords from browsers that never signed in here: they stay out until support unlocks, the owner's
    # own known browsers do not (R47). The state is LOCKED until the owner comes back on one of them.
    strangers_locked_at = models.DateTimeField(null=True)
    number_refused_at = models.DateTimeField(null=True)  # a code could not go to this number: patients' jobs
    # When e-mail or mobile number were last replaced: for a day no new password by them (R13).
    contact_changed_at = models.DateTimeField(null=True)
    # Raised when every session of the account must die: password change, lock, closing.
    session_epoch = models.PositiveIntegerField(default=0)
    # When a stronger way of signing in was offered and answered, by adding one or by "Not now".
    factor_offer_answered_at = models.DateTimeField(null=True)
    # Staff: may sign in with a password although KLISZA_STAFF_LOCAL_LOGIN says that nobody does.
    is_emergency = models.BooleanField(default=False)
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

    @property
    def is_locked(self) -> bool:
        """Wholly, or to every browser but the owner's own: support can unlock it."""
        return self.state == self.State.LOCKED or self.strangers_locked_at is not None


class StaffRole(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(
        max_length=16
    )  # registration | clinic | radiology | privacy | integration | admin

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "role"], name="staffrole_once")]


class Identity(models.Model):
    """Who a member of staff is at the hospital's provider. Such an account signs in there and nowhere else.

    issuer and subject together never change hands (OpenID Connect Core 5.7); an e-mail address may.
    """

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="identity")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]


class Handover(models.Model):
    """One browser on its way to a provider and back: ten minutes, once, and back to the same browser only."""

    id = models.UUIDField(primary_key=True, default=new_id)
    party = models.CharField(max_length=8)  # staff | patient
    state_digest = models.CharField(max_length=64, unique=True)
    browser_digest = models.CharField(max_length=64)  # of a random key in the browser's session
    sealed = models.BinaryField()  # nonce and the verifier of the code (PKCE)
    next_path = models.TextField(blank=True)
    expires_at = models.DateTimeField(db_index=True)


class MachineClient(models.Model):
    """A hospital machine that speaks DICOMweb; its bearer token is printed once and kept as digest."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    issuer = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
