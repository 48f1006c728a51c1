"""Which bytes a browser asks for (RFC 9110, 14): one range, or everything."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII)
DIGITS_MOST = 18


class Unsatisfiable(Exception):
    """416: the range begins behind the end."""


def wanted(header: str, if_range: str, *, size: int, tag: str) -> tuple[int, int] | None:
    """(start, length); None = everything, also for what we do not understand, and for another version of the file.

    Raises Unsatisfiable.
    """
    match = _ONE.fullmatch(header)
    if not match or (if_range and if_range.strip() != tag):
        return None
    first, last = match.groups()
    if len(first) > DIGITS_MOST or len(last) > DIGITS_MOST:
        raise Unsatisfiable
    if not first:
        return _suffix(last, size)
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    if start >= size:
        raise Unsatisfiable
    return (start, end - start + 1) if end >= start else None


def _suffix(last: str, size: int) -> tuple[int, int] | None:
    if not last:
        return None
    if int(last) == 0:
        raise Unsatisfiable
    length = min(int(last), size)
    return size - length, length
