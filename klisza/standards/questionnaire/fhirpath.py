"""Expressions of a questionnaire, asked of its answers as they stand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fhirpathpy import apply_parsed_path, parse
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from .errors import Refused
from .model import Definition, Item, Variable

R4 = models["r4"]
ITEM = "QuestionnaireResponse.item"


@lru_cache(maxsize=2048)
def _parsed(expression: str) -> Any:
    return parse(expression)


def check(link_id: str, expression: str) -> None:
    """Raises Refused when it cannot be read."""
    try:
        _parsed(expression)
    except Exception:  # noqa: BLE001 - the parser raises bare Exception
        raise Refused(link_id, "the expression is not valid FHIRPath") from None


class Evaluator:
    """Expressions against one state of the answers; variables are worked out once, when first needed.

    response: QuestionnaireResponse with an item for every enabled place. patient: FHIR Patient or None.
    """

    def __init__(
        self, definition: Definition, response: dict[str, Any], patient: dict[str, Any] | None = None
    ) -> None:
        self._definition = definition
        self._context: dict[str, Any] = {
            "resource": response,
            "questionnaire": definition.resource,
            "patient": patient if patient is not None else [],
        }
        self._response = response
        for variable in definition.variables:
            self._context[variable.name] = self._ask(variable.expression, response, "", self._context)

    def of(self, item: Item, node: dict[str, Any], expression: str) -> list[Any]:
        """What an expression at an item gives; [] when it fails: no value is better than a wrong one."""
        context = dict(self._context)
        for variable in self._variables(item):
            context[variable.name] = self._ask(variable.expression, node, ITEM, context)
        return self._ask(expression, node, ITEM, context)

    def _variables(self, item: Item) -> list[Variable]:
        around = [self._definition.by_link[one] for one in item.ancestors]
        return [variable for one in [*around, item] for variable in one.variables]

    def _ask(self, expression: str, node: dict[str, Any], base: str, context: dict[str, Any]) -> list[Any]:
        start = ResourceNode.create_node(node, base) if base else node
        try:
            return list(apply_parsed_path(start, _parsed(expression), context, R4))
        except Exception:  # noqa: BLE001 - the library raises bare Exception for what cannot be computed
            return []
