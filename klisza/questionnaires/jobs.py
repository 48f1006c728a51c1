"""What the worker does about surveys."""

from __future__ import annotations

from collections.abc import Callable

from . import services


def run_survey_expiry() -> int:
    return services.expire_over()


def run_survey_reminders() -> int:
    return services.remind()


def run_survey_files() -> int:
    return services.settle_files()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (15.0, run_survey_expiry),
    (60.0, run_survey_reminders),
    (60.0, run_survey_files),
)
