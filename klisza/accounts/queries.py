"""Reading: who is under way, which machine asks."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from klisza.base import clock, sealing

from . import clausetext
from .models import Account, ClauseAcceptance, Login, MachineClient, Reset

CODE, CLAUSE, PASSWORD, DONE = "code", "clause", "password", "done"


def login_under_way(key: str) -> Login | None:
    """The login this browser has begun; None when it is over, too old, or the account changed under it
    (R43).
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
    if login is None or not login.account.is_active or login.epoch != login.account.session_epoch:
        return None
    return login


def next_step(login: Login) -> str:
    """code -> clause -> password -> done: the only place that knows the order (manual M2.3-M2.6)."""
    account = login.account
    if needs_code(account) and login.code_passed_at is None:
        return CODE
    if account.kind == Account.Kind.PATIENT and not has_accepted(account):
        return CLAUSE
    if login.purpose == "reset" or account.password_is_temporary:
        return PASSWORD
    return DONE


def needs_code(account: Account) -> bool:
    """Every patient; of staff those with a mobile number on file."""
    return account.kind == Account.Kind.PATIENT or bool(account.mobile)


def has_accepted(account: Account) -> bool:
    return ClauseAcceptance.objects.filter(account=account, version=clausetext.current_version()).exists()


def accepted_at(account: Account) -> datetime | None:
    found = ClauseAcceptance.objects.filter(account=account, version=clausetext.current_version())
    return found.values_list("accepted_at", flat=True).first()


def usable_reset(digest: str) -> Reset | None:
    """A reset link that still works. The comparison is the index: 256 random bits cannot be guessed."""
    return (
        Reset.objects.select_related("account")
        .filter(digest=digest, used_at=None, superseded=False, expires_at__gt=clock.now())
        .first()
    )


def client_for(token: str) -> MachineClient | None:
    """The hospital machine that holds this bearer token, unless it was revoked."""
    return MachineClient.objects.filter(digest=client_digest(token), revoked_at=None).first()


def clients() -> list[MachineClient]:
    return list(MachineClient.objects.order_by("name"))


def by_user_name(user_name: str, *, kind: str) -> Account | None:
    return Account.objects.filter(user_name__in=spellings(user_name), kind=kind).first()


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
