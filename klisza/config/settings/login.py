"""Numbers of the login (trust.md section 4); the arithmetic behind them is in docs/security/login.md."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from .environment import env
from .place import DEMO

PROFILE = env.choice(
    "KLISZA_PROFILE",
    "seed",
    ("seed", "strict"),
    about="seed: 4-digit codes as the hospital promised; strict: 6 digits",
)
OTP_DIGITS = env.whole(
    "KLISZA_OTP_DIGITS", 4 if PROFILE == "seed" else 6, least=4, most=8, about="digits of a text-message code"
)
# After a wrong try, and while an alarm is on, nobody gets a shorter code than this.
OTP_DIGITS_GUARDED = max(6, OTP_DIGITS)
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
CODES_MEAN_TIMES = 5  # the breaker: this many times the mean of the same hour on the days before,
CODES_MEAN_DAYS = 14  # at least KLISZA_CODES_PER_HOUR_ALL
CODES_PER_HOUR_ALL = env.whole(
    "KLISZA_CODES_PER_HOUR_ALL",
    100,
    least=1,
    most=1_000_000,
    about="text-message codes of all accounts in an hour before the breaker looks at the mean",
)
ALARM_FAILURES_PER_5_MINUTES = env.whole(
    "KLISZA_ALARM_FAILURES",
    1000,
    least=1,
    most=1_000_000,
    about="wrong logins of everybody in 5 minutes that raise the alarm",
)
ALARM_QUIET = timedelta(minutes=15)  # without a new cause before an alarm is over
ALARM_EMAIL = env.text(
    "KLISZA_ALARM_EMAIL", "", about="who is told of an attack on the login; empty = the support address"
)
KNOWN_DEVICE_LIFE = timedelta(days=180)
WRONG_PASSWORDS_PER_DEVICE = 5
SELF_UNLOCK = env.flag(
    "KLISZA_SELF_UNLOCK",
    False,
    about="1: the mail about a lock by wrong passwords carries a link that unlocks after a text-message code",
)
UNLOCK_LIFE = timedelta(hours=24)
LOCKED_MAIL_EVERY = timedelta(hours=24)
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
PASSWORD_MEMORY_MB = env.whole(
    "KLISZA_PASSWORD_MEMORY_MB",
    100,
    least=19,
    most=1024,
    about="megabytes one comparison of a password fills (argon2id, two passes); up to four are under way at once",
)
PASSWORD_MOST = 128
SESSION_IDLE = timedelta(
    seconds=env.whole(
        "KLISZA_SESSION_IDLE_SECONDS",
        900,
        least=20 if DEMO else 300,
        most=3600,
        about="seconds without activity in any window after which a person is logged out",
    )
)
SESSION_WARNING = min(timedelta(minutes=2), SESSION_IDLE / 2)  # before that: WCAG 2.2.1
SESSION_MOST = timedelta(hours=12)
STAFF_SESSION_MOST = timedelta(hours=8)
TICKET_LIFE = timedelta(minutes=5)
CLOSING_AFTER = timedelta(
    days=env.whole(
        "KLISZA_CLOSING_DAYS",
        7,
        least=1,
        most=90,
        about="days after which an account is closed whose owner has asked for it",
    )
)
CLAUSES_DIR = env.text(
    "KLISZA_CLAUSES_DIR",
    "",
    about="folder of the hospital's own information clause: VERSION/LANGUAGE.md; empty = the text that comes along",
)
if CLAUSES_DIR and not any(Path(CLAUSES_DIR).glob("*/pl.md")):
    raise ImproperlyConfigured("KLISZA_CLAUSES_DIR: no VERSION/pl.md in it")
TOTP_STEP_SECONDS = 30
TOTP_DRIFT_STEPS = 1  # a telephone's clock may be half a minute off
TOTP_SETUP_LIFE = timedelta(minutes=30)
FACTORS_PER_ACCOUNT = 10
RECOVERY_CODES = 10
RECOVERY_GROUPS, RECOVERY_GROUP_LENGTH = 4, 4  # 16 letters of 32: 80 bits
CHALLENGE_LIFE = timedelta(minutes=5)
CHALLENGES_PER_SOURCE_HOUR = 600
FRESH_LIFE = timedelta(minutes=10)
STAFF_FACTOR = env.choice(
    "KLISZA_STAFF_FACTOR",
    "sms" if DEMO else "required",
    ("required", "sms"),
    about="required: staff sign in with a passkey or an app; sms: a text-message code will do, in the demo only",
)
if STAFF_FACTOR == "sms" and not DEMO:
    raise ImproperlyConfigured("KLISZA_STAFF_FACTOR: sms is for the demo only")
CONTACT_COOL_OFF = timedelta(
    hours=env.whole(
        "KLISZA_CONTACT_COOL_OFF_HOURS",
        24,
        least=0,
        most=720,
        about="hours after a changed e-mail or mobile in which a forgotten password asks for support",
    )
)
CONTACT_MAIL_DIGITS = 6
CONTACT_MAIL_LIFE = timedelta(minutes=30)  # mail is slower than a text message
CONTACT_MAILS_PER_HOUR = 5
OWN_ACCOUNT_AGE = env.whole(
    "KLISZA_OWN_ACCOUNT_AGE",
    16,
    least=13,
    most=18,
    about="from this age the desk may give a minor an own account",
)
OFFER_LIFE = timedelta(days=7)  # of the code with which a carer takes up what a patient has offered
OFFER_CODE_LENGTH = 10  # of 29 letters and digits: 48 bits
OFFER_TRIES_PER_HOUR = 10
OFFERS_OPEN = 10
