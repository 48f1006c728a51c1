from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LEAST_REASON = 5


class FindForm(forms.Form):
    """By an identifier, or by family name and birth date together: a name alone lists half the town."""

    identifier = forms.CharField(
        label=_("Patient identifier"),
        required=False,
        max_length=128,
        help_text=_("Number in the hospital's system"),
    )
    family_name = forms.CharField(label=_("Family name"), required=False, max_length=200)
    birth_date = forms.DateField(
        label=_("Date of birth"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        named = data.get("family_name") and data.get("birth_date")
        if not self.errors and not data.get("identifier") and not named:
            raise forms.ValidationError(_("Enter the identifier, or the family name with the date of birth."))
        return data


class UnlockForm(forms.Form):
    reason = forms.CharField(
        label=_("How was the caller's identity checked?"),
        help_text=_("For example: called back on the number in the record, asked for address and last visit"),
        min_length=LEAST_REASON,
        max_length=500,
        error_messages={"required": _("Write down how you checked the identity.")},
    )
    checked = forms.BooleanField(
        label=_("I have made sure that this is the patient"),
        error_messages={"required": _("Without an identity check the account stays locked.")},
    )
