"""Reading: who is under way, which machine asks."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db.models import QuerySet

from klisza.base import clock, sealing

from . import clausetext
from .models import (
    Account,
    Alarm,
    ClauseAcceptance,
    ClauseText,
    ClosingRequest,
    Code,
    Factor,
    Identity,
    Login,
    MachineClient,
    RecoveryCode,
    Reset,
)
from .phones import normal_mobile

CODE, CLAUSE, ENROL, PASSWORD, DONE = "code", "clause", "enrol", "password", "done"
PASSKEY, TOTP, SMS, RECOVERY = "passkey", "totp", "sms", "recovery"  # ways of the second factor
PROVIDER = "provider"  # an OpenID provider has proved the identity and, where it is needed, the second factor


def login_under_way(key: str, *, confirming: bool = False) -> Login | None:
    """The login this browser has begun; None when it is over, too old, or the account changed under it
    (R43).

    confirming: instead, the text message of somebody signed in who shows to be still there; it signs nobody in.
    """
    if not key:
        return None
    login = (
        Login.objects.select_related("account", "reset")
        .filter(
            session_digest=key_digest(key), finished_at=None, started_at__gt=clock.now() - settings.LOGIN_LIFE
        )
        .first()
    )
    if login is None or login.purpose == "unlock" or (login.purpose == "confirm") != confirming:
        return None
    if not login.account.is_active or login.epoch != login.account.session_epoch:
        return None
    return login


def unlock_under_way(key: str) -> Login | None:
    """The same for an owner who is unlocking the account; it leads to no page of the account."""
    login = (
        Login.objects.select_related("account", "reset")
        .filter(
            session_digest=key_digest(key),
            purpose="unlock",
            finished_at=None,
            started_at__gt=clock.now() - settings.LOGIN_LIFE,
        )
        .first()
    )
    if login is None or login.epoch != login.account.session_epoch:
        return None
    return login if may_unlock_itself(login.account) else None


def may_unlock_itself(account: Account) -> bool:
    """Patients, and only after wrong passwords: five wrong codes mean that somebody has the right password."""
    by_passwords = account.lock_cause == "passwords" and normal_mobile(account.mobile) is not None
    return account.is_locked and by_passwords and account.kind == Account.Kind.PATIENT


def next_step(login: Login) -> str:
    """code (any second factor) -> clause -> staff: a factor of their own -> password -> done.

    The only place that knows the order (manual M2.3-M2.6). Staff add their factor before the temporary
    password is replaced: no account of staff is in use with a password alone (R15).
    """
    account = login.account
    if login.code_passed_at is None and needs_code(account):
        return CODE
    if account.kind == Account.Kind.PATIENT and not has_accepted(account):
        return CLAUSE
    if must_enrol(account) and login.passed_by != PROVIDER:
        return ENROL
    if login.purpose == "reset" or account.password_is_temporary:
        return PASSWORD
    return DONE


def may_go_without_password(login: Login) -> bool:
    """A patient who came by a proven identity needs no password, and may choose to have none."""
    is_patient = login.account.kind == Account.Kind.PATIENT
    return (
        is_patient
        and login.passed_by == PROVIDER
        and login.purpose == "login"
        and next_step(login) == PASSWORD
    )


def has_identity(account: Account) -> bool:
    """Staff who sign in at the hospital's provider, and nowhere else."""
    return Identity.objects.filter(account=account).exists()


def may_use_provider(account: Account) -> bool:
    """Patients all, where there is a broker; of staff those who signed in at the directory."""
    return account.kind == Account.Kind.PATIENT or has_identity(account)


def signs_in_here(account: Account) -> bool:
    """With a password or a passkey of the portal; who left the hospital's directory must not (R15)."""
    if account.kind != Account.Kind.STAFF:
        return True
    return not has_identity(account) and (settings.STAFF_LOCAL_LOGIN or account.is_emergency)


def needs_code(account: Account) -> bool:
    """Every patient; of staff those who have a factor or at least a mobile number on file."""
    return account.kind == Account.Kind.PATIENT or bool(account.mobile) or has_factor(account)


def must_enrol(account: Account) -> bool:
    """Staff without a passkey or an app; only the demo lets text messages do (KLISZA_STAFF_FACTOR)."""
    if account.kind != Account.Kind.STAFF or (settings.STAFF_FACTOR == "sms" and account.mobile):
        return False
    return not has_factor(account)


def ways(account: Account) -> tuple[str, ...]:
    """By what this account may prove itself after the password, the best first."""
    kinds = set(factors(account).values_list("kind", flat=True))
    found = [kind for kind in (PASSKEY, TOTP) if kind in kinds]
    if may_use_sms(account):
        found.append(SMS)
    if kinds and recovery_left(account):
        found.append(RECOVERY)
    return tuple(found)


def may_use_sms(account: Account) -> bool:
    """Patients always: it stays the way back. Staff only until they have a factor (R15), or in the demo."""
    if account.kind == Account.Kind.PATIENT:
        return True
    return bool(account.mobile) and (settings.STAFF_FACTOR == "sms" or not has_factor(account))


def wants_sms(account: Account) -> bool:
    """A text message goes out by itself only to who has nothing better."""
    return may_use_sms(account) and not has_factor(account)


def factors(account: Account) -> QuerySet[Factor]:
    """In use, oldest first."""
    return Factor.objects.filter(account=account).exclude(confirmed_at=None).order_by("created_at")


def has_factor(account: Account) -> bool:
    return factors(account).exists()


def factor_of(account: Account, factor_id: uuid.UUID) -> Factor | None:
    return factors(account).filter(pk=factor_id).first()


def app_being_added(account: Account) -> Factor | None:
    """An authenticator app that has not shown its first code yet."""
    return Factor.objects.filter(
        account=account,
        kind=Factor.Kind.TOTP,
        confirmed_at=None,
        created_at__gt=clock.now() - settings.TOTP_SETUP_LIFE,
    ).first()


def recovery_left(account: Account) -> int:
    return RecoveryCode.objects.filter(account=account, used_at=None).count()


def has_accepted(account: Account) -> bool:
    return ClauseAcceptance.objects.filter(account=account, version=clausetext.current_version()).exists()


def acceptance_of(account: Account) -> ClauseAcceptance | None:
    """The newest one."""
    return ClauseAcceptance.objects.filter(account=account).order_by("accepted_at").last()


def accepted_words(acceptance: ClauseAcceptance) -> str:
    """The text as it was shown at that time (Markdown)."""
    return ClauseText.objects.filter(pk=acceptance.sha256).values_list("text", flat=True).first() or ""


def closing_request(account: Account) -> ClosingRequest | None:
    """The open one."""
    return ClosingRequest.objects.filter(account=account, done_at=None, taken_back_at=None).first()


def closing_requests() -> QuerySet[ClosingRequest]:
    """All open ones, the first due first: a list for staff."""
    rows = ClosingRequest.objects.filter(done_at=None, taken_back_at=None)
    return rows.select_related("account").order_by("due_at")


def usable_reset(digest: str) -> Reset | None:
    """A reset link that still works. The comparison is the index: 256 random bits cannot be guessed."""
    return _usable(digest, Reset.Purpose.RESET)


def usable_unlock(digest: str) -> Reset | None:
    link = _usable(digest, Reset.Purpose.UNLOCK)
    return link if link and may_unlock_itself(link.account) else None


def _usable(digest: str, purpose: Reset.Purpose) -> Reset | None:
    found = Reset.objects.select_related("account").filter(digest=digest, purpose=purpose)
    return found.filter(used_at=None, superseded=False, expires_at__gt=clock.now()).first()


def digits_of(login: Login) -> int:
    """How long the code is that this login waits for."""
    newest = Code.objects.filter(login=login, superseded=False).values_list("digits", flat=True).first()
    return newest or settings.OTP_DIGITS


def alarms() -> list[Alarm]:
    """Attacks that are under way now, for the staff pages and for the length of codes."""
    return list(Alarm.objects.filter(ended_at=None).order_by("began_at"))


def client_for(token: str) -> MachineClient | None:
    """The hospital machine that holds this bearer token, unless it was revoked."""
    return MachineClient.objects.filter(digest=client_digest(token), revoked_at=None).first()


def clients() -> list[MachineClient]:
    return list(MachineClient.objects.order_by("name"))


def by_user_name(user_name: str, *, kind: str) -> Account | None:
    return Account.objects.filter(user_name__in=spellings(user_name), kind=kind).first()


def staff() -> list[Account]:
    """Everybody who has, or had, a way into the staff pages."""
    rows = Account.objects.filter(kind=Account.Kind.STAFF).prefetch_related("roles", "identity")
    return list(rows.order_by("display_name", "user_name"))


def by_email(email: str) -> list[Account]:
    """Patients' accounts with this delivery address that are in use, locked ones included."""
    found = Account.objects.filter(email__iexact=email, kind=Account.Kind.PATIENT).exclude(
        state=Account.State.CLOSED
    )
    return list(found.order_by("created_at"))


def spellings(user_name: str) -> tuple[str, str]:
    """A patient's name is upper case (read from a mail), a staff name lower case (chosen): both are found as
    typed.
    """
    text = "".join(user_name.split())[:64]
    return text.upper(), text.lower()


def key_digest(key: str) -> str:
    return sealing.digest(key, purpose="login key")


def reset_digest(token: str) -> str:
    return sealing.digest(token, purpose="reset link")


def client_digest(token: str) -> str:
    return sealing.digest(token, purpose="machine client")
