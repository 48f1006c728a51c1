from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from klisza.patients import pesel

LEAST_REASON = 5
PESEL_DIGITS = 11
DAY = re.compile(
    r"(?<!\d)(?:(?P<y>\d{4})[-./](?P<m>\d{1,2})[-./](?P<d>\d{1,2})"
    r"|(?P<day>\d{1,2})[-./](?P<month>\d{1,2})[-./](?P<year>\d{4}))(?!\d)"
)


class FindForm(forms.Form):
    """One field: a number of any issuer, or family name and birth date together; a name alone lists half the town."""

    wanted = forms.CharField(
        label=_("PESEL or another number of the patient, or family name and date of birth"),
        help_text=_("For example: Kowalska 21.03.1958"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        error_messages={"required": _("Enter a number, or the family name with the date of birth.")},
    )
    criteria: dict[str, Any]

    def clean_wanted(self) -> str:
        text = " ".join(str(self.cleaned_data["wanted"]).split())
        day = DAY.search(text)
        if day is not None:
            self.criteria = _named(text.replace(day.group(), " "), day)
        elif any(character.isdigit() for character in text):
            self.criteria = {"identifier": _number(text)}
        else:
            raise forms.ValidationError(_("Enter a number, or the family name with the date of birth."))
        return text

    @property
    def is_mistyped(self) -> bool:
        """As long as a PESEL, and its check digit says that it is none."""
        number = self.criteria.get("identifier", "") if hasattr(self, "criteria") else ""
        return len(number) == PESEL_DIGITS and number.isdigit() and not pesel.is_valid(number)


def _named(rest: str, day: re.Match[str]) -> dict[str, Any]:
    name = " ".join(rest.replace(",", " ").replace(";", " ").split())
    if not name:
        raise forms.ValidationError(_("Enter a number, or the family name with the date of birth."))
    year, month, number = (day["y"] or day["year"], day["m"] or day["month"], day["d"] or day["day"])
    try:
        return {"name": name, "birth_date": date(int(year), int(month), int(number))}
    except ValueError:
        raise forms.ValidationError(_("There is no such day in the calendar.")) from None


def _number(text: str) -> str:
    """A PESEL is often read out in groups; other numbers stay as they are."""
    digits = text.replace(" ", "").replace("-", "")
    return digits if len(digits) == PESEL_DIGITS and digits.isdigit() else text


class IdentityForm(forms.Form):
    reason = forms.CharField(
        label=_("How was the caller's identity checked?"),
        help_text=_("For example: called back on the number in the record, asked for address and last visit"),
        min_length=LEAST_REASON,
        max_length=500,
        error_messages={"required": _("Write down how you checked the identity.")},
    )
    checked = forms.BooleanField(
        label=_("I have made sure that this is the patient"),
        error_messages={"required": _("Without an identity check nothing is changed.")},
    )
