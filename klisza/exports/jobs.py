from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from klisza.base import clock
from klisza.base.errors import KliszaError

from . import returning, services
from .models import Export
from .offline import cache

LEASE = timedelta(minutes=1)  # another worker takes over when no picture was done for so long


def run_prepare() -> int:
    """Make the viewer's pictures of the oldest copy that waits for them."""
    now = clock.now()
    waiting = Export.objects.filter(state=Export.State.PREPARING, pictures__gt=0)
    for export in waiting.order_by("started_at")[:10]:
        free = Export.objects.filter(pk=export.pk, state=Export.State.PREPARING, beat_at=export.beat_at)
        if (export.prepared and export.beat_at > now - LEASE) or not free.update(beat_at=now):
            continue
        return _prepare(export)
    return 0


def _prepare(export: Export) -> int:
    try:
        services.make_ready(export=export, viewer=returning.viewer_of(export), slowly=True)
    except KliszaError:
        over = Export.objects.filter(pk=export.pk, state=Export.State.PREPARING)
        over.update(state=Export.State.OVER, outcome="stopped", finished_at=clock.now(), password=b"")
    return 1


def run_forget() -> int:
    return services.forget_old() + cache.forget_old()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = ((1.0, run_prepare), (60.0, run_forget))
