"""What no item can tell alone: whom conditions ask, and that they do not go round in circles."""

from __future__ import annotations

from decimal import Decimal

from . import fhirpath
from .errors import Refused
from .model import Condition, Definition, Item
from .values import has_type


def check(definition: Definition) -> None:
    """Raises Refused with the item."""
    for item in definition.walk():
        for condition in item.conditions:
            _check_condition(definition, item, condition)
        _check_limits(item)
        for expression in (item.calculated, item.initial_expression, item.enable_expression):
            if expression:
                fhirpath.check(item.link_id, expression)
        for variable in item.variables:
            fhirpath.check(item.link_id, variable.expression)
    for variable in definition.variables:
        fhirpath.check("", variable.expression)
    _refuse_circles(definition)


def _check_condition(definition: Definition, item: Item, condition: Condition) -> None:
    asked = definition.by_link.get(condition.question)
    if asked is None:
        raise Refused(item.link_id, f"enableWhen asks for {condition.question}, which is not there")
    if not asked.is_question:
        raise Refused(item.link_id, f"enableWhen asks for {condition.question}, which has no answer")
    if condition.operator != "exists" and not _fits(asked, condition):
        raise Refused(item.link_id, f"enableWhen compares {condition.question} with another type of answer")


def _fits(asked: Item, condition: Condition) -> bool:
    if asked.type == "decimal" and "valueInteger" in condition.answer:
        return True
    return has_type(asked.type, condition.answer)


def _check_limits(item: Item) -> None:
    least, most = item.minimum, item.maximum
    if isinstance(least, Decimal) and isinstance(most, Decimal) and least > most:
        raise Refused(item.link_id, "minValue is larger than maxValue")
    if item.max_occurs and item.min_occurs > item.max_occurs:
        raise Refused(item.link_id, "minOccurs is larger than maxOccurs")


def _refuse_circles(definition: Definition) -> None:
    """Depth first over "is decided by": conditions and the groups around."""
    done: set[str] = set()
    for start in definition.by_link:
        under_way: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            link_id, leaving = waiting.pop()
            if leaving:
                done.add(under_way.pop())
            elif link_id in under_way:
                raise Refused(link_id, "its conditions go round in a circle")
            elif link_id not in done:
                under_way.append(link_id)
                waiting.append((link_id, True))
                waiting += [(one, False) for one in _decided_by(definition.by_link[link_id])]


def _decided_by(item: Item) -> set[str]:
    return {one.question for one in item.conditions} | set(item.ancestors[-1:])
