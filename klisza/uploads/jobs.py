"""What the worker does about files that patients hand in."""

from __future__ import annotations

from collections.abc import Callable

from .services import carrying, previewing, showing, sorting, sweeping


def run_sort() -> int:
    return sorting.sort_arrived()


def run_ends() -> int:
    return sweeping.end_uploads()


def run_sweep() -> int:
    return sweeping.sweep()


def run_documents() -> int:
    """What was handed in stands in "My documents"."""
    return showing.show_documents()


def run_previews() -> int:
    return previewing.make_previews()


def run_takeovers() -> int:
    """What staff accepted becomes images and documents of this hospital."""
    return carrying.carry_out()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (1.0, run_sort),
    (1.0, run_documents),
    (2.0, run_previews),
    (2.0, run_takeovers),
    (600.0, run_ends),
    (900.0, run_sweep),
)
