"""What every reader of a message needs: the message, where it stands in time, and a place for warnings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from .facts import Header, Stamp
from .message import Message
from .segments import Segment, Value
from .types import moment

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
        return self.stamp(self.moment(self.message.first("EVN"), 2))

    def stamp(self, at: datetime | None = None) -> Stamp:
        """at, else MSH-7, else when the message came."""
        stated = at or self.header.stated_at or self.received_at
        if stated is None:
            self.warn("MSH-7: no time said")
        return Stamp(stated or UNDATED, self.header.control_id)
