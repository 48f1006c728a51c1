"""Whose portal this is: names, support, what is shown since when."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

from .environment import env
from .place import DEMO


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be a name such as Europe/Warsaw") from None
    return text


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError("must be a date such as 2021-05-01") from None


def _seconds_by_modality(text: str) -> dict[str, int]:
    """'ES=1800 MG=60' -> {"ES": 1800, "MG": 60}."""
    pairs = [part.partition("=") for part in text.replace(",", " ").split()]
    if not all(name and seconds.isdigit() and 0 < int(seconds) <= 86400 for name, _, seconds in pairs):
        raise ValueError("must be MODALITY=SECONDS with spaces between, such as ES=1800 MG=60")
    return {name: int(seconds) for name, _, seconds in pairs}


def _quiet(text: str) -> tuple[time, time] | None:
    """'21-7' -> (21:00, 07:00): result notices wait for the morning; 'off' = none."""
    if text == "off":
        return None
    start, _, end = text.partition("-")
    if not (start.isdigit() and end.isdigit() and int(start) < 24 and int(end) < 24):
        raise ValueError("must be START-END in hours, such as 21-7, or off")
    return time(int(start)), time(int(end))


PORTAL_NAME = env.text("KLISZA_PORTAL_NAME", "Portal Pacjenta", about="what patients see everywhere")
HOSPITAL_NAME = env.text(
    "KLISZA_HOSPITAL_NAME",
    "Szpital Pokazowy im. Marii Skłodowskiej" if DEMO else "",
    about="name of the hospital",
)
SUPPORT_EMAIL = env.text(
    "KLISZA_SUPPORT_EMAIL",
    "pomoc@szpital.example" if DEMO else "",
    about="support contact, required outside --demo",
)
SUPPORT_PHONE = env.text(
    "KLISZA_SUPPORT_PHONE",
    "+48 22 000 00 00" if DEMO else "",
    about="support contact, required outside --demo",
)
SUPPORT_HOURS = env.text(
    "KLISZA_SUPPORT_HOURS", "pn.–pt. 7:30–15:00" if DEMO else "", about="when support answers"
)
MAIL_FROM = env.text(
    "KLISZA_MAIL_FROM", "portal@szpital.example" if DEMO else SUPPORT_EMAIL, about="sender of every mail"
)
SMS_SENDER = env.text("KLISZA_SMS_SENDER", "Portal", about="sender name of every text message")
SMS_COUNTRIES = tuple(part.strip() for part in env.text("KLISZA_SMS_COUNTRIES", "48,380", about="country codes that may get text messages").split(",") if part.strip())  # fmt: skip
SMTP_URL = env.text("KLISZA_SMTP_URL", "outbox:", about="outbox: or smtp://user:pass@host:port or smtps://")
SMS_URL = env.text(
    "KLISZA_SMS_URL", "outbox:", about="outbox: or webhook+https://... or smsapi+https://api.smsapi.pl/sms.do"
)
SMS_TOKEN = env.text("KLISZA_SMS_TOKEN", "", about="access token of the text-message provider (smsapi)")
TIME_ZONE = env.typed(
    "KLISZA_TIME_ZONE", "Europe/Warsaw", _zone, about="zone in which dates are shown and counted"
)
SHOW_FROM = env.typed(
    "KLISZA_SHOW_FROM", "", _date, about="older examinations are not shown; the date itself is"
)
ISSUER = env.text(
    "KLISZA_ISSUER", "local", about="issuer of patient ids when neither object nor peer names one"
)
ACCOUNT_POLICY = env.choice(
    "KLISZA_ACCOUNT_POLICY",
    "at-once" if DEMO else "with-first-visible-examination",
    ("at-once", "with-first-visible-examination", "invited"),
    about="when a patient with e-mail and mobile gets an account",
)
ORDERS_REQUIRED = env.flag(
    "KLISZA_ORDERS_REQUIRED", False, about="images without an order stay hidden until one comes"
)
SHOW_PLANNED = env.flag("KLISZA_SHOW_PLANNED", False, about="planned examinations stand in the list")
DSN_DIR = env.text("KLISZA_DSN_DIR", "", about="folder into which the mail server puts bounces; empty = none")
NOTICE_WINDOW_MINUTES = env.whole(
    "KLISZA_NOTICE_WINDOW_MINUTES",
    0 if DEMO else 15,
    least=0,
    most=1440,
    about="notices of one account within this time become one mail",
)
QUIET_HOURS = env.typed(
    "KLISZA_QUIET_HOURS", "off" if DEMO else "21-7", _quiet, about="no result notices between these hours"
)
SETTLE_SECONDS = env.whole(
    "KLISZA_SETTLE_SECONDS",
    3 if DEMO else 120,
    least=1,
    most=86400,
    about="quiet time after which a study counts as complete",
)
SETTLE_SECONDS_LONG = env.whole(
    "KLISZA_SETTLE_SECONDS_LONG",
    SETTLE_SECONDS if DEMO else 900,
    least=1,
    most=86400,
    about="the same for US and XA, whose modalities send over hours",
)
SETTLE_MODALITIES = env.typed(
    "KLISZA_SETTLE_MODALITIES",
    "",
    _seconds_by_modality,
    about="quiet time of further modalities, such as ES=1800 MG=60",
)

if not SUPPORT_EMAIL and not SUPPORT_PHONE:
    raise ImproperlyConfigured(
        "KLISZA_SUPPORT_EMAIL or KLISZA_SUPPORT_PHONE: a support contact is required outside --demo"
    )
if not MAIL_FROM:
    raise ImproperlyConfigured("KLISZA_MAIL_FROM: required when there is no KLISZA_SUPPORT_EMAIL")
for _name, _url, _schemes in (
    ("KLISZA_SMTP_URL", SMTP_URL, ("outbox:", "smtp://", "smtps://")),
    (
        "KLISZA_SMS_URL",
        SMS_URL,
        (
            "outbox:",
            *(
                f"{kind}+{place}"
                for kind in ("webhook", "smsapi")
                for place in ("https://", "http://127.0.0.1")
            ),
        ),
    ),
):
    if not _url.startswith(_schemes):
        raise ImproperlyConfigured(f"{_name}: must start with one of {', '.join(_schemes)}")
if SMS_URL.startswith("smsapi+") and not SMS_TOKEN:
    raise ImproperlyConfigured("KLISZA_SMS_TOKEN: required for smsapi")
if not all(part.isdigit() for part in SMS_COUNTRIES):
    raise ImproperlyConfigured("KLISZA_SMS_COUNTRIES: must be country codes with commas, such as 48,380")
