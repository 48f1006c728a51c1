"""A patient whose identity a broker has proved: the account that is theirs, made if they may have one (4.10)."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from klisza.accounts.errors import AccountLocked, LevelTooLow
from klisza.accounts.models import Account, Login
from klisza.accounts.sentences import support_contact, suspended_sentence
from klisza.accounts.services.oidc import entering, token
from klisza.accounts.services.oidc.handover import Proven
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.patients import queries
from klisza.patients.errors import IdentityInDoubt, NothingHere
from klisza.patients.models import Patient
from klisza.patients.queries.proven import person_of_pesel

from .account import provide_account


def enter_by_identity(*, proven: Proven, by: Actor) -> tuple[Login, str]:
    """It stands for user name, temporary password and code; clause and own password come as ever.

    The number is compared and forgotten: no log, no address and no row gets it.
    Raises LevelTooLow, NothingHere, IdentityInDoubt, AccountLocked.
    """
    if not token.is_proved(proven.claims, settings.PATIENT_OIDC_ACR, methods=False):
        record("login.provider_refused", by=by, outcome="refused", reason="level of assurance")
        raise LevelTooLow(
            _(
                "The other service has confirmed your identity in a way that is not strong enough for medical "
                "data. Please choose a stronger one there, or log in another way."
            )
        )
    account = _account(_person(proven, by), by)
    return entering.enter(account=account, proven=proven, is_second_factor=True, by=by)


def _person(proven: Proven, by: Actor) -> Patient:
    said = proven.claims.get(settings.PATIENT_OIDC_PESEL_CLAIM)
    try:
        person = person_of_pesel(said if isinstance(said, str) else "")
    except IdentityInDoubt:
        record("login.provider_refused", by=by, outcome="refused", reason="in doubt")
        raise IdentityInDoubt(
            _("We cannot tell for sure which data in this portal are yours. Please contact us: %(contact)s")
            % {"contact": support_contact()}
        ) from None
    if person is None:
        record("login.provider_refused", by=by, outcome="refused", reason="nobody")
        raise NothingHere
    return person


def _account(person: Patient, by: Actor) -> Account:
    """The policy says when an account arises by itself; who stands at the door with a proven identity need not wait.

    All else holds as at the desk: e-mail and mobile on file, of age, not kept back. What is lacking becomes a
    task of the desk.
    """
    account = queries.account_of(person) or next(iter(queries.accounts_of(person)), None)
    if account is not None and (person.is_dead or queries.needs_own_contact(person)):
        record("login.provider_refused", by=by, objects=[account], outcome="refused", reason="desk")
        raise AccountLocked(suspended_sentence())
    account = account or provide_account(patient=person, by=by, invited=True)
    if account is None:
        record("login.provider_refused", by=by, patient_id=person.pk, outcome="refused", reason="no account")
        raise NothingHere
    return account
