"""States and reasons in words that a clerk understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from klisza.accounts import masking
from klisza.accounts.models import Account
from klisza.base import clock

REASONS = {
    "no_patient_id": gettext_lazy("The images carry no patient identifier"),
    "unknown_patient": gettext_lazy("No patient with this identifier is known"),
    "birth_date_differs": gettext_lazy("The date of birth differs from the patient's"),
    "name_differs": gettext_lazy("The name differs from the patient's"),
}
KINDS = {
    "same_uid_other_bytes": gettext_lazy("An image that is already there came again with another content"),
    "same_study_other_patient": gettext_lazy("Images of one study name two patients"),
    "unreadable": gettext_lazy("The object cannot be read"),
}
TASKS = {
    "no_email": gettext_lazy("E-mail address is missing"),
    "no_mobile": gettext_lazy("Mobile number is missing"),
    "number_not_allowed": gettext_lazy("No codes can be sent to this telephone number"),
    "no_birth_date": gettext_lazy("Date of birth is missing"),
    "under_age": gettext_lazy("The patient is under 18: no account of one's own"),
    "contact_change": gettext_lazy(
        "The record has another e-mail or mobile than the account: check with the patient"
    ),
}
MESSAGES = {
    "account": gettext_lazy("First letter with the temporary password"),
    "code": gettext_lazy("Code for signing in"),
    "reset": gettext_lazy("Link for a new password"),
    "names": gettext_lazy("Forgotten user name"),
    "locked": gettext_lazy("Note that the account is locked"),
    "password": gettext_lazy("Note that the password was changed"),
    "notice": gettext_lazy("Note about a new result"),
}
CHANNELS = {"mail": pgettext_lazy("a message", "e-mail"), "sms": pgettext_lazy("a message", "text message")}
PAGES = {
    "tasks": gettext_lazy("Tasks of the registration desk"),
    "messages": gettext_lazy("Messages that could not be sent"),
    "studies": gettext_lazy("Images without a patient"),
    "objects": gettext_lazy("Objects put aside"),
    "associations": gettext_lazy("Refused connections of machines"),
}


@dataclass(frozen=True)
class PageLink:
    address: str
    title: str
    count: int


def page_links(counts: Mapping[str, int]) -> list[PageLink]:
    return [PageLink(f"console:{name}", str(PAGES[name]), count) for name, count in counts.items()]


@dataclass(frozen=True)
class AccountCard:
    """tone: ok | wait | warn, for the badge."""

    account: Account
    state: str
    tone: str
    email: str
    mobile: str
    can_unlock: bool
    can_reissue: bool


def account_card(account: Account) -> AccountCard:
    state, tone = _state(account)
    return AccountCard(
        account=account,
        state=state,
        tone=tone,
        email=masking.masked_email(account),
        mobile=masking.masked_mobile(account),
        can_unlock=account.state == Account.State.LOCKED,
        can_reissue=account.state == Account.State.NEW,
    )


def _state(account: Account) -> tuple[str, str]:
    if account.state == Account.State.LOCKED:
        return _("Locked"), "warn"
    if account.state == Account.State.CLOSED:
        return _("Closed"), "warn"
    if account.state == Account.State.ACTIVE:
        return _("In use"), "ok"
    if account.temporary_until and account.temporary_until < clock.now():
        return _("Never used; the temporary password has expired"), "warn"
    return _("Waiting for the first login"), "wait"


def word(table: Mapping[str, object], code: str) -> str:
    """A code nobody has translated yet is still better than nothing."""
    return str(table.get(code, code))
