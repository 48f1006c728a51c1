from __future__ import annotations

from .listed import answer, batch, listed, persons, progress, receipt, remove
from .tus import collection, one

__all__ = ["answer", "batch", "collection", "listed", "one", "persons", "progress", "receipt", "remove"]
