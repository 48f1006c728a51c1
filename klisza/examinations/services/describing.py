"""What an examination is: its kind, state, date, place, codes, and whether it is shown.

Computed from the orders, studies and reports there are, whatever came first (L7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from django.conf import settings

from klisza.archive.models import Series, Study
from klisza.base import clock
from klisza.examinations import kinds, queries
from klisza.examinations.models import (
    Examination,
    Images,
    Order,
    ProcedureName,
    ReportState,
    ReportVersion,
    State,
)

FIRST_YEAR = 1900  # an earlier date is a clock that was never set
NO_ORDER = "no_order"
ARRIVED = (Images.RECEIVING, Images.AVAILABLE)
REPORTED = (ReportState.PENDING, ReportState.AVAILABLE, ReportState.CORRECTED)


def describe(
    examination: Examination,
    studies: Sequence[Study],
    series: Sequence[Series],
    current: Sequence[ReportVersion | None],
) -> None:
    """Call it when its images and report were computed. current: of each report the version in effect.

    Images say kind and date better than orders, orders better than reports.
    """
    orders = _orders(examination)
    _codes(examination, orders, series)
    names = list(ProcedureName.objects.filter(code__in={order.procedure_code for order in orders}))
    _kind(examination, orders, studies, series, current, names)
    name = next((one for one in names if one.code == examination.procedure_code), None)
    examination.title = name.name_pl if name else ""
    examination.flags = sorted({flag for one in names for flag in one.flags.split()})
    examination.state = _state(examination, orders)
    examination.performed_at = _moment(examination, studies, orders)
    places = [study.institution_name for study in studies if study.institution_name]
    examination.place = min(places, default=examination.place)
    if examination.hidden_reason in ("", NO_ORDER):
        examination.hidden_reason = _missing_order(examination, orders)


def performed_at(study: Study) -> datetime:
    """StudyDate and StudyTime as the hospital's clock showed them.

    When it was received, if there is no date.
    """
    if not _is_dated(study):
        return study.received_at
    assert study.study_date  # noqa: S101 - tells the type checker
    return datetime.combine(study.study_date, study.study_time or time.min, clock.local_zone())


def _is_dated(study: Study) -> bool:
    return study.study_date is not None and study.study_date.year >= FIRST_YEAR


def _orders(examination: Examination) -> list[Order]:
    """Those that stand; cancelled ones only where there is nothing else. In an order of their own numbers."""
    rows = list(examination.orders.order_by("accession_number", "key", "issuer"))
    return [order for order in rows if order.state != State.CANCELLED] or rows


def _codes(examination: Examination, orders: Sequence[Order], series: Sequence[Series]) -> None:
    """As ordered; of a grouped examination the first that says it."""
    stations = sorted({row.station_name for row in series if row.station_name})
    examination.procedure_code = _first(order.procedure_code for order in orders)
    examination.modality = _first(order.modality for order in orders)
    examination.ward_code = _first(order.ward_code for order in orders)
    examination.station = _first([*(order.station for order in orders), *stations])


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def _kind(
    examination: Examination,
    orders: Sequence[Order],
    studies: Sequence[Study],
    series: Sequence[Series],
    current: Sequence[ReportVersion | None],
    names: Sequence[ProcedureName],
) -> None:
    modalities = {row.modality.upper() for row in series if row.modality}
    if not any(map(kinds.is_image, modalities)):
        modalities |= {order.modality.upper() for order in orders if order.modality}
    titles = {version.document.title for version in current if version and version.document}
    texts = {order.procedure_text for order in orders}
    words = "\n".join(sorted({study.study_description for study in studies} | titles | texts))
    named = _first(one.kind for one in sorted(names, key=lambda one: one.code) if one.kind in kinds.BY_CODE)
    kind = kinds.get(examination.kind)
    if named:
        kind = kinds.get(named)
    elif modalities or words.strip():
        kind = kinds.for_modalities(modalities, words)
    rule = queries.kind_rule_for(examination, modalities)
    if rule and rule.kind:
        kind = kinds.get(rule.kind)
    examination.kind = kind.code
    examination.shown_kind = rule.is_shown if rule else kind.shown


def _state(examination: Examination, orders: Sequence[Order]) -> State:
    """Performed as soon as there are images or a report, whatever the order says.

    What was there and was taken back leaves an examination only where an order stands for it.
    """
    if examination.images in ARRIVED or examination.report in REPORTED:
        return State.PERFORMED
    states = {order.state for order in orders}
    standing = states - {State.CANCELLED}
    taken_back = Images.WITHDRAWN in (examination.images,) or examination.report == ReportState.WITHDRAWN
    if State.PERFORMED in standing or (standing and taken_back):
        return State.PERFORMED
    return State.PLANNED if standing else State.CANCELLED


def _moment(examination: Examination, studies: Sequence[Study], orders: Sequence[Order]) -> datetime:
    """Of the images, else when the order says it was performed, else when it is planned, else as it was filed."""
    dated = [performed_at(study) for study in studies if _is_dated(study)]
    performed = [order.performed_at for order in orders if order.performed_at]
    planned = [order.scheduled_at for order in orders if order.scheduled_at]
    received = [study.received_at for study in studies]
    moments = dated or performed or planned or received
    return min(moments, default=examination.performed_at)


def _missing_order(examination: Examination, orders: Sequence[Order]) -> str:
    if not settings.ORDERS_REQUIRED or any(order.state != State.CANCELLED for order in orders):
        return ""
    return "" if queries.is_reported(examination) else NO_ORDER
