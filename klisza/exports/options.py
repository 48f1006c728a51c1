"""What somebody chose in the dialog, as the row keeps it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """viewer: the offline viewer goes along. plain: for any reader, Explicit VR Little Endian. pictures: JPEG and MP4
    for a phone. series: only these; None = all. documents: letters of the hospital, too.
    """

    viewer: bool = True
    images: bool = True
    reports: bool = True
    plain: bool = False
    pictures: bool = False
    documents: bool = False
    series: frozenset[uuid.UUID] | None = None
    language: str = "pl"

    def as_json(self) -> dict[str, Any]:
        series = None if self.series is None else sorted(str(one) for one in self.series)
        return {**vars(self), "series": series}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Options:
        series = kept.get("series")
        chosen = None if series is None else frozenset(uuid.UUID(one) for one in series)
        return cls(**{**kept, "series": chosen})
