"""The order in which the images of a series are scrolled."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

TOLERANCE = 1e-3  # cosines of one series differ by rounding only


def display_order(keys: list[dict[str, Any]]) -> list[int]:
    """Indices into `keys` in display order.

    keys: `position` (x, y, z in mm) and `orientation` (six cosines) or None, `number`, `time`, `uid`.
    By position along the slice normal when every image has one of its own, in the direction in which the
    modality
    numbered them; else by instance number, then time.
    """
    by_number = sorted(range(len(keys)), key=lambda index: _number_key(keys[index]))
    distances = _distances(keys)
    if distances is None:
        return by_number
    ordered = sorted(range(len(keys)), key=lambda index: distances[index])
    ranks = {index: rank for rank, index in enumerate(by_number)}
    middle = (len(keys) - 1) / 2
    agreement = sum((rank - middle) * (ranks[index] - middle) for rank, index in enumerate(ordered))
    return ordered if agreement >= 0 else ordered[::-1]


def _number_key(key: dict[str, Any]) -> tuple[bool, int, str, str]:
    number = key.get("number")
    return number is None, number or 0, str(key.get("time") or ""), str(key.get("uid") or "")


def _distances(keys: list[dict[str, Any]]) -> list[float] | None:
    """Millimetres along the common normal; None when there is no common normal or two images share a
    place."""
    if len(keys) < 2 or any(not key.get("position") or not key.get("orientation") for key in keys):
        return None
    first = keys[0]["orientation"]
    if any(abs(a - b) > TOLERANCE for key in keys for a, b in zip(first, key["orientation"], strict=True)):
        return None
    normal = cross(first[:3], first[3:])
    if math.hypot(*normal) < 0.5:
        return None
    distances = [sum(a * b for a, b in zip(normal, key["position"], strict=True)) for key in keys]
    spread = sorted(distances)
    return distances if all(b - a > TOLERANCE for a, b in pairwise(spread)) else None


def cross(a: list[float], b: list[float]) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
