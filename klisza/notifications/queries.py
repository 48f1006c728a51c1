"""Reading the outbox."""

from __future__ import annotations

from .models import Message


def bounced_unnoted(limit: int) -> list[Message]:
    """Mails that came back of which the registration desk has no task yet."""
    rows = Message.objects.filter(bounced_at__isnull=False, bounce_noted_at=None)
    return list(rows.defer("sealed").order_by("bounced_at")[:limit])
