"""Another e-mail address or mobile number (N17): the new one is verified first, the old one is told, and for a
day a forgotten password asks for support (R13). Whoever asks, the owner, the desk or an ADT, this is the only way.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from klisza.accounts import masking
from klisza.accounts.errors import BreakerTripped, CodeDead, ContactNotUsable, WrongCode
from klisza.accounts.models import Account, ContactChange, Reset
from klisza.accounts.phones import normal_mobile
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, sealing
from klisza.base.errors import Refused, TooMany
from klisza.notifications.services import enqueue_mail, enqueue_sms

from . import breaker
from .limits import returning, seconds_left, take
from .provision import usable_email

MAIL, SMS = ContactChange.Channel.MAIL, ContactChange.Channel.SMS
SEAL = "contact change"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNSENT_LIFE = timedelta(seconds=60)
DIGITS_ONLY = str.maketrans("", "", " \u00a0-–.\u2060\u200b")

COUNT_TRY = """
UPDATE accounts_contactchange SET tries = tries + 1
WHERE id = %s AND done_at IS NULL AND dropped_at IS NULL AND code_digest <> '' AND expires_at > %s AND tries < %s
RETURNING code_digest
"""


def ask(
    *, account: Account, channel: str, address: str, origin: str, by: Actor, document: str = ""
) -> ContactChange:
    """Begin a change: a code goes to the new address; nothing else happens before it is read back.

    channel: mail | sms. origin: owner | desk; document: what the desk has looked at.
    Raises ContactNotUsable, Refused when it is the present one, TooMany.
    """
    wanted = normal_address(channel, address)
    if wanted == _present(account, channel):
        raise Refused(_("This is already the one that we have on file."))
    if origin == ContactChange.Origin.DESK and not document.strip():
        raise Refused(_("Write down which identity document you have seen."))
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        change = _put(row, channel, wanted, origin, document=document.strip()[:200])
        record(
            "contact.change_asked", by=by, objects=[row, change], reason=_reason(change),
        )  # fmt: skip
        _send(change, row)
    return change


def send_again(*, change: ContactChange, by: Actor) -> None:
    """A new code for an open change; what the hospital has told gets its first one here. Raises TooMany, CodeDead."""
    with transaction.atomic():
        row = ContactChange.objects.select_for_update().select_related("account").get(pk=change.pk)
        if row.done_at or row.dropped_at:
            raise CodeDead(_("This change is over. Please start it again."))
        record("contact.code_sent", by=by, objects=[row.account, row])
        _send(row, row.account)


def confirm(*, change: ContactChange, typed: str, by: Actor) -> None:
    """The code that came to the new address; the change takes effect at once.

    The try is counted before anything is compared. Raises WrongCode, CodeDead.
    """
    with transaction.atomic():
        found = returning(COUNT_TRY, [change.pk, clock.now(), settings.CODE_TRIES])
    if found is None:
        raise CodeDead(_("This code is no longer valid. Please ask for a new one."))
    if not sealing.same(found[0], _digest(change, typed.translate(DIGITS_ONLY))):
        with transaction.atomic():
            record("contact.code_wrong", by=by, objects=[change], outcome="failed")
        raise WrongCode(_("This code is not right. Please check the newest message and try again."))
    with transaction.atomic():
        _put_in(change, by)


@transaction.atomic
def drop(*, change: ContactChange, by: Actor) -> None:
    """Not wanted, or not mine: the address in use stays."""
    now = clock.now()
    if ContactChange.objects.filter(pk=change.pk, done_at=None, dropped_at=None).update(
        dropped_at=now, sealed=b""
    ):
        record("contact.change_dropped", by=by, objects=[change])


def propose(*, account: Account, email: str, mobile: str, by: Actor) -> bool:
    """What the hospital has on file for an account in use. True while something differs that nobody decided on.

    It changes nothing: the old addresses are told, and the owner or the desk confirms it with a code. What was in
    use before, or what the owner called not the own one, is no news when the hospital says it again.
    """
    waiting = False
    for channel, address in ((MAIL, email), (SMS, mobile)):
        try:
            wanted = normal_address(channel, address) if address else ""
        except ContactNotUsable:
            continue
        if not wanted or wanted == _present(account, channel):
            continue
        digest = address_digest(wanted)
        known = ContactChange.objects.filter(account=account, channel=channel)
        settled = known.filter(old_digest=digest).exclude(done_at=None)
        refused = known.filter(new_digest=digest).exclude(dropped_at=None)
        if settled.exists() or refused.exists():
            continue
        waiting = True
        if not known.filter(done_at=None, dropped_at=None).exists():
            _note_proposal(account, channel, wanted, by)
    return waiting


def _note_proposal(account: Account, channel: str, wanted: str, by: Actor) -> None:
    try:
        with transaction.atomic():
            change = _put(account, channel, wanted, ContactChange.Origin.HOSPITAL)
            record("contact.proposed", by=by, objects=[account, change])
    except IntegrityError:  # two messages at once
        return


def open_changes(account: Account) -> list[ContactChange]:
    """At most one for each channel."""
    found = ContactChange.objects.filter(account=account, done_at=None, dropped_at=None)
    return list(found.order_by("channel"))


def open_change(account: Account, channel: str) -> ContactChange | None:
    return next((one for one in open_changes(account) if one.channel == channel), None)


def address_of(change: ContactChange) -> str:
    """The new address in clear; for whoever has just typed it, else through masked_address."""
    return sealing.unseal(bytes(change.sealed), purpose=SEAL).decode()


def masked_address(change: ContactChange) -> str:
    address = address_of(change)
    shown = Account(email=address) if change.channel == MAIL else Account(mobile=address)
    return masking.masked_email(shown) if change.channel == MAIL else masking.masked_mobile(shown)


def has_live_code(change: ContactChange) -> bool:
    return bool(
        change.code_digest
        and change.expires_at
        and change.expires_at > clock.now()
        and change.tries < settings.CODE_TRIES
    )


def is_cooling(account: Account) -> bool:
    """The addresses are new: a forgotten password would go to whoever has just changed them (R13)."""
    changed = account.contact_changed_at
    return changed is not None and clock.now() < changed + settings.CONTACT_COOL_OFF


def normal_address(channel: str, address: str) -> str:
    """Raises ContactNotUsable."""
    if channel == MAIL:
        return usable_email(address)
    number = normal_mobile(address)
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    return number


def address_digest(address: str) -> str:
    return sealing.digest(address.casefold(), purpose=SEAL)


def _present(account: Account, channel: str) -> str:
    return account.email if channel == MAIL else account.mobile


def _put(account: Account, channel: str, wanted: str, origin: str, *, document: str = "") -> ContactChange:
    """The newest wish of a channel takes the place of an earlier one."""
    now = clock.now()
    earlier = ContactChange.objects.filter(account=account, channel=channel, done_at=None, dropped_at=None)
    # What the hospital had told was neither taken nor refused by this: it may tell it again.
    earlier.update(dropped_at=now, sealed=b"", new_digest="")
    present = _present(account, channel)
    return ContactChange.objects.create(
        account=account,
        channel=channel,
        origin=origin,
        sealed=sealing.seal(wanted.encode(), purpose=SEAL),
        old_digest=address_digest(present) if present else "",
        new_digest=address_digest(wanted),
        document=document,
        created_at=now,
    )


def _send(change: ContactChange, account: Account) -> None:
    """In the caller's transaction, which a full budget takes back."""
    is_mail = change.channel == MAIL
    _spend(account, is_mail=is_mail)
    digits = settings.CONTACT_MAIL_DIGITS if is_mail else settings.OTP_DIGITS
    code = f"{secrets.randbelow(10**digits):0{digits}d}"
    life = settings.CONTACT_MAIL_LIFE if is_mail else settings.CODE_LIFE
    change.code_digest, change.tries = _digest(change, code), 0
    change.expires_at = clock.now() + life
    change.save(update_fields=["code_digest", "tries", "expires_at"])
    if is_mail:
        _mail_code(change, account, code)
    else:
        _text_code(change, account, code)


def _spend(account: Account, *, is_mail: bool) -> None:
    budgets: tuple[tuple[str, int, timedelta], ...] = (
        ("codes of hour", settings.CODES_PER_HOUR, HOUR),
        ("codes of day", settings.CODES_PER_DAY, DAY),
    )
    if is_mail:
        budgets = (("contact mails of hour", settings.CONTACT_MAILS_PER_HOUR, HOUR),)
    for what, limit, per in budgets:
        if take(what, str(account.pk), limit=limit, per=per) is None:
            sentence = _("Too many codes were sent. Please try again later.")
            raise TooMany(sentence, retry_after=seconds_left(per))
    if not is_mail and not breaker.take_text():
        sentence = _(
            "The portal cannot send codes at the moment. Please try again later, or contact support."
        )
        raise BreakerTripped(sentence, retry_after=seconds_left(HOUR))


def _mail_code(change: ContactChange, account: Account, code: str) -> None:
    enqueue_mail(
        to=address_of(change),
        language=account.language,
        template="accounts/mail/contact_code",
        kind="contact",
        account_id=account.pk,
        secret=True,
        expires_at=change.expires_at,
        context={"code": code, "minutes": int(settings.CONTACT_MAIL_LIFE.total_seconds() // 60), **_place()},
    )


def _text_code(change: ContactChange, account: Account, code: str) -> None:
    with translation.override(account.language):
        text = _("%(portal)s: %(code)s is your code to confirm this number.") % {
            "portal": settings.PORTAL_NAME,
            "code": code,
        }
        text += " " + _(
            "Valid for %(minutes)d minutes. Never tell it to anyone but the registration desk."
        ) % {"minutes": settings.CODE_LIFE.total_seconds() // 60}
    enqueue_sms(
        to=address_of(change),
        text=text,
        kind="code",
        account_id=account.pk,
        secret=True,
        expires_at=clock.now() + UNSENT_LIFE,
    )


def _put_in(change: ContactChange, by: Actor) -> None:
    row = ContactChange.objects.select_for_update().get(pk=change.pk)
    if row.done_at or row.dropped_at:
        raise CodeDead(_("This change is over. Please start it again."))
    account = Account.objects.select_for_update().get(pk=row.account_id)
    wanted, old_email, old_mobile = address_of(row), account.email, account.mobile
    now = clock.now()
    if row.channel == MAIL:
        account.email = wanted
    else:
        account.mobile = wanted
    account.contact_changed_at = now
    account.save(update_fields=["email", "mobile", "contact_changed_at"])
    row.done_at, row.sealed, row.code_digest = now, b"", ""
    row.save(update_fields=["done_at", "sealed", "code_digest"])
    # A link that lies in the old mailbox, or would send its code to the new number, opens nothing.
    Reset.objects.filter(account=account, used_at=None, superseded=False).update(superseded=True)
    record("contact.changed", by=by, objects=[account, row], reason=_reason(row))
    _tell(account, row, old_email=old_email, old_mobile=old_mobile)


def _tell(account: Account, change: ContactChange, *, old_email: str, old_mobile: str) -> None:
    """The old address and the new one; a replaced number gets a text message."""
    context = {
        "is_mail": change.channel == MAIL,
        "user_name": account.user_name,
        "email": masking.masked_email(account),
        "mobile": masking.masked_mobile(account),
        "hours": int(settings.CONTACT_COOL_OFF.total_seconds() // 3600),
        **_place(),
    }
    for address in dict.fromkeys([old_email, account.email]):
        if address:
            enqueue_mail(
                to=address,
                language=account.language,
                template="accounts/mail/contact_changed",
                kind="contact",
                account_id=account.pk,
                context=context,
            )
    if change.channel == SMS and normal_mobile(old_mobile):
        with translation.override(account.language):
            text = _(
                "%(portal)s: codes of your account go to another number from now on. "
                "If you did not ask for this, call us: %(phone)s"
            ) % {"portal": settings.PORTAL_NAME, "phone": settings.SUPPORT_PHONE or settings.SUPPORT_EMAIL}
        enqueue_sms(to=old_mobile, text=text, kind="contact", account_id=account.pk)


def _reason(change: ContactChange) -> str:
    """What stands in the audit: never an address."""
    words = [change.channel, change.origin, change.document]
    return " ".join(word for word in words if word)[:500]


def _digest(change: ContactChange, code: str) -> str:
    return sealing.digest(f"{change.pk}|{code}", purpose="contact code")


def _place() -> dict[str, Any]:
    support = {
        "email": settings.SUPPORT_EMAIL,
        "phone": settings.SUPPORT_PHONE,
        "hours": settings.SUPPORT_HOURS,
    }
    return {"portal_name": settings.PORTAL_NAME, "support": support}
