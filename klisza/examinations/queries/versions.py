"""Which versions of one report are in effect: by what the sender says about time, never by arrival (R62)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from klisza.examinations.models import ReportVersion

Moment = tuple[datetime, str]  # stated at, control id


@dataclass(frozen=True)
class Effect:
    """What counts of one report.

    current: F, C or X; None while there are only preliminary versions or addenda. addenda: those that stand
    beside it, oldest first. history: what patients could read before, newest first.
    """

    current: ReportVersion | None
    addenda: tuple[ReportVersion, ...] = ()
    history: tuple[ReportVersion, ...] = ()

    @property
    def readable(self) -> tuple[ReportVersion, ...]:
        """Everything of it that a patient may read."""
        if self.current is None:
            return self.addenda
        return () if self.current.status == "X" else (self.current, *self.addenda, *self.history)


def moments(version: ReportVersion) -> list[Moment]:
    """When the sender said it, and said it again."""
    repeats = [(datetime.fromisoformat(at), str(control_id)) for at, control_id in version.repeats]
    return [(version.stated_at, version.control_id), *repeats]


def effect_of(versions: Iterable[ReportVersion]) -> Effect:
    """P never counts. A later X takes back everything before it; what comes after it counts again."""
    said = _in_order(versions)
    if not said:
        return Effect(None)
    taken_back = max((place for place, (_, one) in enumerate(said) if one.status == "X"), default=-1)
    if taken_back >= 0 and not any(one.status in "FC" for _, one in said[taken_back:]):
        return Effect(said[taken_back][1])
    kept = [one for _, one in said[taken_back + 1 :]]
    finals = [one for one in kept if one.status in "FC"]
    current = finals[-1] if finals else None
    earlier = [one for one in reversed(finals) if current and one.digest != current.digest]
    return Effect(
        current,
        addenda=_once(one for one in kept if one.status == "A"),
        history=_once(earlier),
    )


def in_effect(versions: Iterable[ReportVersion]) -> ReportVersion | None:
    """The version that counts: F, C or X; an addendum where there is nothing else. P never."""
    effect = effect_of(versions)
    return effect.current or next(iter(effect.addenda), None)


def _in_order(versions: Iterable[ReportVersion]) -> list[tuple[Moment, ReportVersion]]:
    """Each saying at its moment; of one moment without control ids (scripts) the later arrival is the later."""
    said = [(moment, one) for one in versions if one.status != "P" for moment in moments(one)]
    return sorted(said, key=lambda pair: (pair[0], pair[1].number))


def _once(versions: Iterable[ReportVersion]) -> tuple[ReportVersion, ...]:
    return tuple({one.pk: one for one in versions}.values())


def text_of(version: ReportVersion) -> str:
    """The words of a report that came as text, headings included; "" of one that is documents only."""
    blocks = [[section["title"], *section["paragraphs"]] for section in version.sections]
    return "\n\n".join(block for lines in blocks for block in lines if block)
