"""What every reader of a message needs: the message, where it stands in time, and a place for warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from .facts import Header, Stamp
from .message import Message
from .segments import Segment, Value
from .types import moment

CLOCKS_DIFFER = timedelta(days=1)
DAY = len("YYYYMMDD")
UNDATED = datetime(1900, 1, 1, tzinfo=UTC)  # older than anything: overwrites nothing


@dataclass
class Reading:
    message: Message
    header: Header
    zone: tzinfo
    received_at: datetime | None = None
    warnings: list[str] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def moment(self, segment: Segment | None, number: int, component: int = 1) -> datetime | None:
        return (
            self.moment_of(segment.first(number), f"{segment.name}-{number}", component) if segment else None
        )

    def moment_of(self, value: Value, where: str, component: int = 1) -> datetime | None:
        """A time; what cannot be one is left out with a warning."""
        text = value.part(component)
        found = moment(text, self.zone)
        if text and found is None:
            self.warn(f"{where}: not a time, left out")
        return found

    @property
    def event_stamp(self) -> Stamp:
        """EVN-2, else MSH-7."""
        return self.stamp([self.message.first("EVN")], 2)

    def stamp(self, segments: Sequence[Segment | None] = (), number: int = 0) -> Stamp:
        """The latest time this field says in these segments, else MSH-7, else when the message came."""
        said = [found for segment in segments if (found := self._stated(segment, number))]
        at = max(said, default=None) or self.header.stated_at or self.received_at
        if at is None:
            self.warn("MSH-7: no time said")
        return Stamp(at or UNDATED, self.header.control_id)

    def _stated(self, segment: Segment | None, number: int) -> datetime | None:
        """MSH-7 is better than a time in the future of the message, and than its day alone."""
        at, sent = self.moment(segment, number), self.header.stated_at
        if segment is None or at is None or sent is None:
            return at
        if at > sent + CLOCKS_DIFFER:
            self.warn(f"{segment.name}-{number}: later than MSH-7, which counts")
            return sent
        is_day = len(segment.part(number)) == DAY
        return sent if is_day and sent.astimezone(at.tzinfo).date() == at.date() else at
