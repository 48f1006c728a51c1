"""Mobile numbers: one written form, and only countries whose text messages the hospital pays for (R44)."""

from __future__ import annotations

import phonenumbers
from django.conf import settings
from phonenumbers import PhoneNumberFormat, PhoneNumberType

# A number without a country prefix is read as one of the hospital's country.
HOME_REGION = "PL"
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normal(text: str) -> str:
    """E.164 ('+48600100200') of anything that is a telephone number, else an empty string."""
    number = _parsed(text)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else ""


def normal_mobile(text: str) -> str | None:
    """E.164 of a mobile number in an allowed country; None for a landline, a premium number or elsewhere."""
    number = _parsed(text)
    if number is None or str(number.country_code) not in settings.SMS_COUNTRIES:
        return None
    if phonenumbers.number_type(number) not in MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def tail(number: str) -> str:
    """The last three digits: enough to recognise one's own telephone, too few to learn it."""
    return number[-3:]


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
