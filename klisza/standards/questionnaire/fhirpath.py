"""Expressions of a questionnaire, asked of its answers as they stand."""

from __future__ import annotations

from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import lru_cache
from importlib import import_module
from typing import Any

from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from .errors import Refused
from .model import Definition, Item, Variable

# Its names come by "import *", which a type checker does not follow.
grammar: Any = import_module("fhirpathpy.parser")
R4 = models["r4"]
ITEM = "QuestionnaireResponse.item"


@lru_cache(maxsize=2048)
def _parsed(expression: str) -> Any:
    return grammar.parse(expression)


class _Strict(grammar.ErrorListener):
    """The library's own parser mends what it cannot read, and so takes "1 +"."""

    def syntaxError(self, *_about: Any) -> None:  # noqa: N802 - antlr's name
        raise ValueError


def check(link_id: str, expression: str) -> None:
    """Raises Refused when it cannot be read."""
    lexer = grammar.FHIRPathLexer(grammar.InputStream(expression))
    parser = grammar.FHIRPathParser(grammar.CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(_Strict())
    try:
        parser.entireExpression()
    except (ValueError, RecursionError):
        raise Refused(link_id, "the expression is not valid FHIRPath") from None


def _power(inputs: list[Any], exponent: Any) -> list[Decimal]:
    """FHIRPath 6.3 power(): the library knows whole exponents only, eGFR has fractions."""
    if not inputs or isinstance(inputs[0], bool) or not isinstance(inputs[0], int | float | Decimal):
        return []
    try:
        return [Decimal(str(inputs[0])) ** Decimal(str(exponent))]
    except (InvalidOperation, Overflow, DivisionByZero):
        return []


OPTIONS = {"userInvocationTable": {"power": {"fn": _power, "arity": {1: ["Number"]}}}}


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
            return list(apply_parsed_path(start, _parsed(expression), context, R4, OPTIONS))
        except Exception:  # noqa: BLE001 - the library raises bare Exception for what cannot be computed
            return []
