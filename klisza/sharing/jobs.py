"""What the worker does about shares."""

from __future__ import annotations

from collections.abc import Callable

from . import services


def run_share_ends() -> int:
    return services.end_over()


def run_share_openings() -> int:
    return services.tell_of_openings()


def run_share_bounces() -> int:
    return services.note_bounces()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (5.0, run_share_ends),
    (5.0, run_share_openings),
    (10.0, run_share_bounces),
)
