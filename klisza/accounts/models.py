from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.base_session import AbstractBaseSession
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
