"""Work of patients that the worker does."""

from __future__ import annotations

from collections.abc import Callable

from . import services


def run_invitations() -> int:
    return services.invite_due()


def run_grown_up() -> int:
    return services.settle_grown_up()


def run_grants_over() -> int:
    return services.end_over()


def run_closing() -> int:
    return services.close_due()


def run_birthdays() -> int:
    return services.suspend_grown_up()


def run_contact_tasks() -> int:
    return services.settle_contact_tasks()


def run_refused_numbers() -> int:
    return services.note_refused_numbers()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (30.0, run_invitations),
    (600.0, run_grown_up),
    (5.0, run_grants_over),
    (600.0, run_closing),
    (5.0, run_birthdays),
    (30.0, run_contact_tasks),
    (10.0, run_refused_numbers),
)
