"""Names of the places of a form where an answer may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Answer = dict[str, Any]  # {"valueString": "x"}, {"valueCoding": {...}}, {"instance": 0}
Answers = Mapping[str, Sequence[Answer]]


class Path(NamedTuple):
    """at: the instance of every repeating group around the item, outermost first."""

    link_id: str
    at: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.link_id}@{'.'.join(map(str, self.at))}" if self.at else self.link_id
