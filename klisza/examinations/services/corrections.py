"""Images that were rejected, or moved to another patient: what that does to examinations."""

from __future__ import annotations

from .breaches import note_breach

__all__ = ["note_breach"]
