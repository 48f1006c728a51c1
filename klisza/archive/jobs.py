from __future__ import annotations

from collections.abc import Callable

from .services.derive import run_derive
from .services.settle import settle_due


def run_settle() -> int:
    return settle_due()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = ((1.0, run_settle), (1.0, run_derive))
