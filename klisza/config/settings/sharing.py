"""Numbers of a share (trust.md section 4)."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from .environment import env
from .place import DEMO

SHARE_DAYS = env.whole(
    "KLISZA_SHARE_DAYS", 7, least=1, most=90, about="days that the page offers for a new share"
)
SHARE_DAYS_MOST = env.whole(
    "KLISZA_SHARE_DAYS_MOST", 30, least=1, most=90, about="longest time of a share, in days"
)
if SHARE_DAYS > SHARE_DAYS_MOST:
    raise ImproperlyConfigured("KLISZA_SHARE_DAYS: longer than KLISZA_SHARE_DAYS_MOST")
SHARES_OPEN = env.whole(
    "KLISZA_SHARES_OPEN", 20, least=1, most=1000, about="shares of one person that may be open at once"
)
SHARES_PER_DAY = env.whole(
    "KLISZA_SHARES_PER_DAY", 10, least=1, most=1000, about="new shares of one person in a day"
)
SHARE_FRESH = env.flag(
    "KLISZA_SHARE_FRESH", True, about="1: a new share asks for a second factor within the last ten minutes"
)
# Between the link and its PIN (R54).
SECOND_MESSAGE_AFTER = timedelta(
    seconds=env.whole(
        "KLISZA_PIN_AFTER_SECONDS",
        60,
        least=1 if DEMO else 60,
        most=3600,
        about="seconds between the link of a share and the message with its PIN",
    )
)
PIN_DIGITS = 6
WRONG_PINS_BEFORE_PAUSE = 5
PIN_PAUSE = timedelta(minutes=15)
WRONG_PINS_BEFORE_CLOSED = 10
GUEST_IDLE = timedelta(minutes=30)
GUEST_TOUCH = timedelta(minutes=1)  # how exactly the idle time is known
SLIP_DAYS = 14  # a slip waits that long for its visit
SLIP_VISIT = timedelta(hours=12)  # from the first opening
SHARE_COMMENT_MOST = 500
SHARE_NOTICE_WINDOW = timedelta(
    minutes=env.whole(
        "KLISZA_SHARE_NOTICE_MINUTES",
        15,
        least=0,
        most=1440,
        about="openings of shares within this time are told in one mail",
    )
)
