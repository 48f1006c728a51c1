"""enableWhen: which places of the form are asked."""

from __future__ import annotations

from .model import Definition
from .paths import Answers


def enabled(definition: Definition, answers: Answers) -> set[str]:
    """Paths of all items that count, given the answers; those of disabled items count for nothing."""
    raise NotImplementedError


def kept(definition: Definition, answers: Answers) -> dict[str, list[dict[str, object]]]:
    """The answers that stand at enabled places: all that may ever be stored for good."""
    raise NotImplementedError
