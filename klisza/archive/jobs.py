from __future__ import annotations

from collections.abc import Callable

from .services.associations import forget_associations
from .services.derive import run_derive
from .services.describing import run_describe
from .services.rejection import reject_late
from .services.settle import settle_due
from .services.waiting import take_in_waiting


def run_settle() -> int:
    return settle_due()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (1.0, run_settle),
    (1.0, run_derive),
    (2.0, run_describe),
    (5.0, reject_late),
    (10.0, take_in_waiting),
    (3600.0, forget_associations),
)
