"""Work of patients that the worker does."""

from __future__ import annotations

from collections.abc import Callable

from . import services


def run_invitations() -> int:
    return services.invite_due()


def run_grown_up() -> int:
    return services.settle_grown_up()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (30.0, run_invitations),
    (3600.0, run_grown_up),
)
