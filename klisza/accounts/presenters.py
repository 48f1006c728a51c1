"""What pages show of an account: never a whole address or number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from klisza.base import clock

from . import queries
from .models import Login
from .phones import tail


@dataclass(frozen=True)
class CodePage:
    """What the code page says: it shows the same after a visit to the telephone's message app."""

    tail: str
    digits: int
    was_sent: bool
    can_ask: bool  # now
    wait_seconds: int  # until the next code may be asked for; 0 = now or never
    next_at: datetime | None
    has_more: bool  # this login may have another code at all
    minutes: int


def code_page(login: Login) -> CodePage:
    now = clock.now()
    has_more = login.codes_sent < settings.CODES_PER_LOGIN
    wait = max(0, math.ceil((login.next_code_at - now).total_seconds())) if login.next_code_at else 0
    return CodePage(
        tail=tail(login.account.mobile),
        digits=queries.digits_of(login),
        was_sent=login.codes_sent > 0,
        can_ask=has_more and wait == 0,
        wait_seconds=wait if has_more else 0,
        next_at=login.next_code_at if has_more and wait else None,
        has_more=has_more,
        minutes=int(settings.CODE_LIFE.total_seconds() // 60),
    )
