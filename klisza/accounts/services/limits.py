"""Counters in the database: shared by all processes, kept over restarts (R42).

Every counter is raised by one statement that gives back a row only if it was still under its limit, and it is
raised before anything is compared (R40, R41). The SQL is the common part of SQLite (3.35 and later) and
PostgreSQL.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from klisza.accounts.models import Bucket
from klisza.base import clock, sealing

# A name that was tried five times shows the lock text for this long after its last try, whether it exists
# or not.
NAME_MEMORY = timedelta(days=30)
LONGEST_SLIDING = timedelta(hours=1)  # a window that is over still counts for the next one

TAKE = """
INSERT INTO accounts_bucket ("key", "window", "count", ends_at) VALUES (%s, %s, 1, %s)
ON CONFLICT ("key", "window") DO UPDATE SET "count" = accounts_bucket."count" + 1
WHERE accounts_bucket."count" < %s
RETURNING "count"
"""
TAKE_FIRST = """
INSERT INTO accounts_bucket ("key", "window", "count", ends_at) VALUES (%s, 0, 1, %s)
ON CONFLICT ("key", "window") DO UPDATE SET ends_at = excluded.ends_at
WHERE accounts_bucket.ends_at <= %s
RETURNING "count"
"""
COUNT_NAME = """
INSERT INTO accounts_bucket ("key", "window", "count", ends_at) VALUES (%s, 0, 1, %s)
ON CONFLICT ("key", "window") DO UPDATE SET
    "count" = CASE WHEN accounts_bucket.ends_at <= %s THEN 1 ELSE accounts_bucket."count" + 1 END,
    ends_at = excluded.ends_at
RETURNING "count"
"""


def returning(sql: str, parameters: Sequence[object]) -> tuple | None:
    """Run one writing statement and give back its row, or None if its condition did not hold."""
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(_adapted(value) for value in parameters))
        rows = cursor.fetchall()  # SQLite ends the statement only when every row was fetched
    return rows[0] if rows else None


def _adapted(value: Any) -> Any:
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def as_uuid(value: object) -> uuid.UUID:
    """SQLite gives back the 32 characters it keeps."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))


def key_of(what: str, value: str) -> str:
    return sealing.digest(f"{what}|{value}", purpose="bucket")


def take(what: str, value: str, *, limit: int, per: timedelta) -> int | None:
    """Count one more in the present window; None (and nothing counted) when the window is full."""
    if limit < 1:  # the statement would insert the first one unasked
        return None
    window, ends_at = _window(per)
    with transaction.atomic():
        row = returning(TAKE, [key_of(what, value), window, ends_at, limit])
    return row[0] if row else None


def take_sliding(what: str, value: str, *, limit: int, per: timedelta) -> int | None:
    """Like take, but what is left of the window before counts too: twice the limit never fits around a border."""
    return take(what, value, limit=max(0, limit - _carried(what, value, per)), per=per)


def recent(what: str, value: str, *, per: timedelta) -> int:
    """How often in about the last `per`: this window, and the share of the one before that is not over."""
    return used(what, value, per=per) + _carried(what, value, per)


def first(what: str, value: str, *, per: timedelta) -> bool:
    """True once in every `per`, counted from the last True; in the caller's transaction."""
    now = clock.now()
    return returning(TAKE_FIRST, [key_of(what, value), now + per, now]) is not None


def give_back(what: str, value: str, *, per: timedelta) -> None:
    """What was taken before the comparison turned out to be no failure."""
    window, _ = _window(per)
    with transaction.atomic():
        returning(
            'UPDATE accounts_bucket SET "count" = "count" - 1 WHERE "key" = %s AND "window" = %s AND '
            '"count" > 0 RETURNING "count"',
            [key_of(what, value), window],
        )


def used(what: str, value: str, *, per: timedelta) -> int:
    return _count(what, value, _window(per)[0])


def _count(what: str, value: str, window: int) -> int:
    found = Bucket.objects.filter(key=key_of(what, value), window=window)
    return found.values_list("count", flat=True).first() or 0


def _carried(what: str, value: str, per: timedelta) -> int:
    window, ends_at = _window(per)
    return math.ceil(_count(what, value, window - 1) * ((ends_at - clock.now()) / per))


def seconds_left(per: timedelta) -> int:
    """Until the present window ends, for Retry-After."""
    _, ends_at = _window(per)
    return max(1, int((ends_at - clock.now()).total_seconds()) + 1)


def count_name(user_name: str) -> int:
    """How often this name was tried since its last full login; known and unknown names alike (R46)."""
    now = clock.now()
    row = returning(COUNT_NAME, [key_of("name", user_name), now + NAME_MEMORY, now])
    return row[0] if row else 0


def give_name_back(user_name: str) -> None:
    """The password was right: no guess."""
    returning(
        'UPDATE accounts_bucket SET "count" = "count" - 1 WHERE "key" = %s AND "window" = 0 AND "count" > 0 '
        'RETURNING "count"',
        [key_of("name", user_name)],
    )


def forget_name(user_name: str) -> None:
    Bucket.objects.filter(key=key_of("name", user_name), window=0).delete()


def sweep() -> int:
    """Remove the windows that are over."""
    deleted, _ = Bucket.objects.filter(ends_at__lt=clock.now() - LONGEST_SLIDING).delete()
    return deleted


def _window(per: timedelta) -> tuple[int, datetime]:
    """Windows are aligned to 1970, so that every process counts into the same one."""
    length = int(per.total_seconds())
    number = int(clock.now().timestamp()) // length
    ends_at = datetime.fromtimestamp((number + 1) * length, tz=clock.now().tzinfo)
    # Windows of different lengths never share a row: the key says what is counted.
    return number, ends_at
