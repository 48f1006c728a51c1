"""Which rows a piece of work writes: counted from the statements that reach the database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

STATEMENT = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"(\w+)"', re.IGNORECASE)
VERBS = {"INSERT INTO": "made", "UPDATE": "changed", "DELETE FROM": "removed"}
# What accompanies every change and tells staff nothing about it.
UNTOLD = frozenset({"AuditEvent", "Blob", "InboundMessage", "WorkItem"})


@dataclass(frozen=True, order=True)
class Change:
    """model: class name such as Examination. verb: made | changed | removed. rows: how many."""

    model: str
    verb: str
    rows: int


@contextmanager
def watched() -> Iterator[Counter[tuple[str, str]]]:
    """Counts (model, verb) of this thread's connection."""
    models = {model._meta.db_table: model.__name__ for model in apps.get_models(include_auto_created=True)}
    counts: Counter[tuple[str, str]] = Counter()

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if found := STATEMENT.match(sql):
            model = models.get(found[2], found[2])
            # Django inserts many rows by one statement; an UPDATE that fits nothing changes nothing.
            counts[model, VERBS[found[1].upper()]] += max(0, context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(look):
        yield counts


def told(counts: Counter[tuple[str, str]]) -> tuple[Change, ...]:
    found = (
        Change(model, verb, rows) for (model, verb), rows in counts.items() if rows and model not in UNTOLD
    )
    return tuple(sorted(found))
