"""accounts' branch of the error tree (base/errors.py)."""

from __future__ import annotations

from klisza.base.errors import KliszaError, Refused, TooMany


class WrongPassword(Refused):
    """Name or password is wrong; the same for a name that does not exist."""


class AccountLocked(Refused):
    """Said to the owner of a locked account, and to whoever keeps trying one name, existing or not."""


class TemporaryExpired(Refused):
    """The temporary password is right but too old."""


class WrongCode(Refused):
    """The code is wrong; another try is possible."""


class CodeDead(Refused):
    """The code was used, is too old or was tried too often: a new one is needed."""


class BreakerTripped(TooMany):
    """All accounts together have got as many codes as this hour may have."""


class NumberRefused(TooMany):
    """The number on file may not get text messages: no mobile, or a country the hospital does not pay for."""


class NoLogin(Refused):
    """This browser has no login under way, or its time is over."""


class WeakPassword(Refused):
    """An own password that is too short, too common or made of the person's data."""


class LinkDead(Refused):
    """A reset link that is unknown, used, replaced or too old: all look the same."""


class ContactNotUsable(Refused):
    """An e-mail or mobile number to which nothing may be sent."""


class WrongPasskey(Refused):
    """The answer of a passkey is not ours, too late, or signed by a key we do not know: all look the same."""


class SignInElsewhere(Refused):
    """This account of staff signs in at the hospital's provider, not with a password or a passkey."""


class HandoverDead(Refused):
    """The way back from a provider was used, is too old, or began in another browser: all look the same."""


class ProviderAway(KliszaError):
    """The provider did not answer, or nothing of use. cause: a word for the log, nothing of a person."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class IdentityRefused(KliszaError):
    """What came back proves nothing. cause: a word for the log, nothing of a person."""

    def __init__(self, *, cause: str, was_cancelled: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.was_cancelled = was_cancelled


class LevelTooLow(Refused):
    """The person is known to the provider, but not surely enough."""


class NoRole(Refused):
    """A member of staff in none of the groups that may use the portal."""
