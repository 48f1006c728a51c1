"""What can be done with patients, one file per story."""

from __future__ import annotations

from .merge import merge, undo_merge
from .tasks import finish_task
from .upsert import upsert_patient

__all__ = ["finish_task", "merge", "undo_merge", "upsert_patient"]
