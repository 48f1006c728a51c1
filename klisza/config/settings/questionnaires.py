"""Numbers of questionnaires."""

from __future__ import annotations

from datetime import timedelta

from .environment import env

SURVEY_REMIND_BEFORE = timedelta(
    days=env.whole(
        "KLISZA_SURVEY_REMIND_BEFORE_DAYS",
        3,
        least=1,
        most=60,
        about="days before a deadline at which it is reminded of",
    )
)
SURVEY_REMIND_AFTER = timedelta(
    days=env.whole(
        "KLISZA_SURVEY_REMIND_AFTER_DAYS",
        7,
        least=1,
        most=365,
        about="days after which a survey without a deadline is reminded of",
    )
)
SURVEY_FILES_WAIT = timedelta(
    days=env.whole(
        "KLISZA_SURVEY_FILES_DAYS",
        7,
        least=1,
        most=90,
        about="days that staff wait for promised files of a survey",
    )
)
ATTACHMENT_MOST = (
    1024
    * 1024
    * env.whole(
        "KLISZA_ATTACHMENT_MIB_MOST", 20, least=1, most=100, about="MiB of one file that answers a question"
    )
)
