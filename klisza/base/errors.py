"""The error tree. Catch at the door (view, gateway, command), nowhere else.

KliszaError
    Refused           the caller can do something about it; carries a sentence for the person
        NotFound      404, the same for "not yours" and "does not exist"
        NotAllowed    403
        TooMany       429 with a waiting time
    Unavailable       try again later (503, DIMSE 0xA700)
    BadMessage        a machine sent something we cannot use: keep it, tell staff
    DeliveryFailed    an outside effect did not happen; permanent or not
    SandboxFailed     a decoder died, hung or refused
"""

from __future__ import annotations


class KliszaError(Exception):
    """Root of everything Klisza raises on purpose."""


class Refused(KliszaError):
    """Carries `sentence`: translated, tells the person what to do next."""

    status = 400

    def __init__(self, sentence: str = "") -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class NotFound(Refused):
    status = 404


class NotAllowed(Refused):
    status = 403


class TooMany(Refused):
    """`retry_after`: seconds until a new try makes sense."""

    status = 429

    def __init__(self, sentence: str = "", *, retry_after: int = 60) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(KliszaError):
    """A part we need is full, locked or away; `retry_after` in seconds."""

    def __init__(self, cause: str = "", *, retry_after: int = 5) -> None:
        super().__init__(cause)
        self.retry_after = retry_after


class BadMessage(KliszaError):
    """`reason`: one line that staff can read; never contains patient data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DeliveryFailed(KliszaError):
    """`refused_status`: the code with which the other side refused this recipient for good; "" otherwise."""

    def __init__(self, cause: str, *, permanent: bool, refused_status: str = "") -> None:
        super().__init__(cause)
        self.permanent = permanent
        self.refused_status = refused_status


class SandboxFailed(KliszaError):
    """`reason`: time | memory | crash | error: ..."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
