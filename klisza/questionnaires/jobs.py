"""What the worker does about surveys."""

from __future__ import annotations

from collections.abc import Callable

from klisza.base.turns import Turns

from . import queries, services
from .queries import staff
from .services import asking

BATCH = 50
ORDERS, CANCELLED, PDFS = Turns("survey_orders"), Turns("survey_cancelled"), Turns("survey_pdfs")


def run_survey_expiry() -> int:
    return services.expire_over()


def run_survey_reminders() -> int:
    return services.remind()


def run_survey_files() -> int:
    return services.settle_files()


def run_survey_pdfs() -> int:
    """Of summaries that are being read."""
    return PDFS.take(queries.unprepared, services.prepare, limit=BATCH)


def run_order_questions() -> int:
    """Orders with a code of a rule: their patients are asked."""
    return ORDERS.take(
        staff.orders_to_ask, lambda due: asking.ask_of_order(order=due.order, rule=due.rule), limit=BATCH
    )


def run_cancelled_orders() -> int:
    return CANCELLED.take(
        staff.of_cancelled_orders, lambda one: asking.withdraw_cancelled(request=one), limit=BATCH
    )


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (0.5, run_survey_pdfs),
    (15.0, run_survey_expiry),
    (60.0, run_survey_reminders),
    (60.0, run_survey_files),
    (10.0, run_order_questions),
    (30.0, run_cancelled_orders),
)
