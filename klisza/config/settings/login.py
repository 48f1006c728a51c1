"""Numbers of the login (trust.md section 4); the arithmetic behind them is in docs/security/login.md."""

from __future__ import annotations

from datetime import timedelta

from .environment import env

PROFILE = env.choice(
    "KLISZA_PROFILE",
    "seed",
    ("seed", "strict"),
    about="seed: 4-digit codes as the hospital promised; strict: 6 digits",
)
OTP_DIGITS = env.whole(
    "KLISZA_OTP_DIGITS", 4 if PROFILE == "seed" else 6, least=4, most=8, about="digits of a text-message code"
)
CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 3
WRONG_PASSWORDS_BEFORE_LOCK = 5
WRONG_CODES_BEFORE_LOCK = 5
RESEND_WAITS_SECONDS = (30, 60, 120)
CODES_PER_LOGIN = 1 + len(RESEND_WAITS_SECONDS)
CODES_PER_HOUR = env.whole(
    "KLISZA_CODES_PER_HOUR", 5, least=1, most=100, about="text-message codes an account may get in an hour"
)
CODES_PER_DAY = env.whole(
    "KLISZA_CODES_PER_DAY", 10, least=1, most=1000, about="text-message codes an account may get in a day"
)
CODES_PER_SOURCE_HOUR = env.whole(
    "KLISZA_CODES_PER_SOURCE_HOUR",
    20,
    least=1,
    most=100_000,
    about="text-message codes one address may cause in an hour",
)
SOURCE_FAILURES_PER_5_MINUTES = env.whole(
    "KLISZA_SOURCE_FAILURES",
    10,
    least=1,
    most=100_000,
    about="wrong logins of one address in 5 minutes before it must wait",
)
SOURCE_NAMES_PER_10_MINUTES = env.whole(
    "KLISZA_SOURCE_NAMES",
    3,
    least=1,
    most=100_000,
    about="user names one address may fail on in 10 minutes before it must wait",
)
TEMPORARY_PASSWORD_LIFE = timedelta(days=7)
LOGIN_LIFE = timedelta(minutes=30)
RESET_LIFE = timedelta(minutes=30)
RESETS_PER_HOUR = 3
RESETS_PER_DAY = 5
RESETS_PER_SOURCE_HOUR = env.whole(
    "KLISZA_RESETS_PER_SOURCE_HOUR",
    10,
    least=1,
    most=100_000,
    about="forgotten passwords one address may ask for in an hour",
)
PASSWORD_LEAST = 10
PASSWORD_MOST = 128
SESSION_IDLE = timedelta(minutes=15)
SESSION_MOST = timedelta(hours=12)
STAFF_SESSION_MOST = timedelta(hours=8)
TICKET_LIFE = timedelta(minutes=5)
