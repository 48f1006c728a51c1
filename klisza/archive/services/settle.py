"""A study is complete when nothing came for a while (hospital-integration.md 1.4)."""

from __future__ import annotations

from django.db.models import F

from klisza.archive.models import Study
from klisza.base import clock


def settle_due() -> int:
    """Mark every study whose quiet time is over as settled, one revision further; returns how many.

    One statement: an instance that arrives at the same moment either comes before it and postpones the study,
    or after it and opens the study again.
    """
    return Study.objects.filter(state=Study.State.RECEIVING, settles_at__lte=clock.now()).update(
        state=Study.State.SETTLED, revision=F("revision") + 1
    )
