"""patients' branch of the error tree (base/errors.py)."""

from __future__ import annotations

from klisza.base.errors import Refused


class NothingHere(Refused):
    """A person of that identity has nothing in this portal yet, or may not have an account: both look the same."""


class IdentityInDoubt(Refused):
    """The number leads to more than one person, or to one whose other data contradict it: staff must look."""
