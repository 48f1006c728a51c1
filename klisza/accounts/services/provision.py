"""How an account comes into being and how its temporary password reaches the owner (manual, M2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.models import Account
from klisza.accounts.phones import normal_mobile
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.ids import readable
from klisza.notifications.services import enqueue_mail

from . import passwords

USER_NAME_LENGTH = (
    8  # 29 letters and digits: 39 bits, so nobody can lock accounts by counting through names (R47)
)


@dataclass(frozen=True)
class Draft:
    """A temporary password and its hash, made before the transaction that will use it."""

    raw: str
    encoded: str


def draft() -> Draft:
    """Takes an argon2: never inside a transaction."""
    raw = passwords.temporary()
    return Draft(raw, passwords.hashed(raw, is_temporary=True))


def create_account(
    *,
    email: str,
    mobile: str,
    language: str,
    person_name: str,
    by: Actor,
    words: Iterable[str] = (),
    made: Draft | None = None,
) -> Account:
    """A patient's account with a temporary password, which goes out by mail.

    person_name, words: what an own password may not consist of; kept sealed, never shown and never mailed.
    made: for callers that are in a transaction already.
    Writes one Account, one AuditEvent and one sealed outbox row; sends nothing. Two accounts may share both
    addresses (R12): the caller sees to it that a patient gets one only.
    Raises ContactNotUsable.
    """
    address, number = usable_email(email), normal_mobile(mobile)
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    temporary = made or draft()
    for _try in range(3):
        account = Account(
            user_name=readable(USER_NAME_LENGTH),
            email=address,
            mobile=number,
            language=_known(language),
            created_at=clock.now(),
            password=temporary.encoded,
            password_words=passwords.seal_words([*person_name.split(), *words]),
            temporary_until=clock.now() + settings.TEMPORARY_PASSWORD_LIFE,
        )
        try:
            with transaction.atomic():
                account.save(force_insert=True)
                record("account.created", by=by, objects=[account])
                _mail(account, temporary.raw, template="accounts/mail/account")
        except IntegrityError:  # the one name in 500 thousand million that is taken
            continue
        return account
    raise RuntimeError("no free user name")


def reissue(*, account: Account, by: Actor, made: Draft | None = None) -> None:
    """A new temporary password for an account that was never activated; the old one is dead at once."""
    temporary = made or draft()
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        if locked.state != Account.State.NEW:
            return
        locked.password, locked.password_is_temporary = temporary.encoded, True
        locked.temporary_until = clock.now() + settings.TEMPORARY_PASSWORD_LIFE
        locked.session_epoch += 1
        locked.save(update_fields=["password", "password_is_temporary", "temporary_until", "session_epoch"])
        record("account.reissued", by=by, objects=[locked])
        _mail(locked, temporary.raw, template="accounts/mail/reissued")
    account.refresh_from_db()


def move_new_account(*, account: Account, email: str, mobile: str, by: Actor) -> bool:
    """Other delivery addresses for an account that nobody has activated yet, and a new temporary password.

    False, and nothing changed, for an account in use: its codes are never redirected silently (R13).
    Raises ContactNotUsable.
    """
    address, number = usable_email(email), normal_mobile(mobile)
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    temporary = draft()
    with transaction.atomic():
        moved = Account.objects.filter(pk=account.pk, state=Account.State.NEW).update(
            email=address, mobile=number
        )
        if not moved:
            return False
        record("account.addressed", by=by, objects=[account])
        reissue(account=account, by=by, made=temporary)
    return True


def set_password_words(*, account: Account, words: Iterable[str]) -> None:
    """The person's names or birth date may have been corrected; in the caller's transaction."""
    Account.objects.filter(pk=account.pk).update(password_words=passwords.seal_words(words))


def usable_email(email: str) -> str:
    """One address, nothing else (R34). Raises ContactNotUsable."""
    text = email.strip()
    try:
        validate_email(text)
    except ValidationError:
        raise ContactNotUsable(_("This is not an e-mail address.")) from None
    return text


def _known(language: str) -> str:
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _mail(account: Account, raw: str, *, template: str) -> None:
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=template,
        kind="account",
        account_id=account.pk,
        secret=True,
        expires_at=account.temporary_until,
        context={
            "user_name": account.user_name,
            "password": raw,
            "until": account.temporary_until,
            "address": f"{settings.PUBLIC_URL}/login/",
            "portal_name": settings.PORTAL_NAME,
            "hospital_name": settings.HOSPITAL_NAME,
        },
    )
