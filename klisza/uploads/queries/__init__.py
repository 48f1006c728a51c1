from __future__ import annotations

from .progress import Progress, delivery_of, files_of, progress, progress_of

__all__ = ["Progress", "delivery_of", "files_of", "progress", "progress_of"]
