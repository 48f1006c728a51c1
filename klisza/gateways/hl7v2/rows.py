"""Rows of the inbox at the speed of the wire: what the ORM spends on building a statement is built once."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Field

from klisza.gateways.models import InboundMessage

KEY = ("sending_application", "sending_facility", "control_id")


def insert(messages: list[InboundMessage]) -> None:
    """As bulk_create, in their order; each has its key afterwards. Raises DatabaseError."""
    if not messages:
        return
    fields, database = _fields(), connections[DEFAULT_DB_ALIAS]  # the proxy asks its thread each time
    values = [
        field.get_db_prep_save(getattr(message, field.attname), database)
        for message in messages
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(len(messages), database.vendor), values)
        for message, key in zip(messages, _keys(cursor, len(messages), database.vendor), strict=True):
            message.pk, message._state.adding, message._state.db = key, False, database.alias


def used_keys(control_ids: Collection[str]) -> set[tuple[str, str, str]]:
    """Which (MSH-3, MSH-4, MSH-10) with one of these control ids have come before."""
    if not control_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_look(len(control_ids)), list(control_ids))
        return set(cursor.fetchall())


@cache
def _fields() -> list[Field[Any, Any]]:
    return [field for field in InboundMessage._meta.concrete_fields if not field.primary_key]


def _keys(cursor: CursorWrapper, count: int, vendor: str) -> list[int]:
    """SQLite numbers the rows of one statement one after the other; each row it returns costs a turn of the threads."""
    if vendor == "sqlite":
        return list(range(cursor.lastrowid - count + 1, cursor.lastrowid + 1))
    return [key for (key,) in cursor.fetchall()]


@cache
def _insertion(count: int, vendor: str) -> str:
    table = _quoted(InboundMessage._meta.db_table)
    names = ", ".join(_quoted(str(field.column)) for field in _fields())
    row = f"({', '.join(['%s'] * len(_fields()))})"
    values = ", ".join([row] * count)
    keys = "" if vendor == "sqlite" else f" RETURNING {_quoted('id')}"
    return f"INSERT INTO {table} ({names}) VALUES {values}{keys}"  # noqa: S608 - names of ours


@cache
def _look(count: int) -> str:
    names, table = ", ".join(map(_quoted, KEY)), _quoted(InboundMessage._meta.db_table)
    marks = ", ".join(["%s"] * count)
    return f"SELECT DISTINCT {names} FROM {table} WHERE {_quoted(KEY[-1])} IN ({marks})"  # noqa: S608 - names of ours


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
