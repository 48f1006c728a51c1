from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_A_DAY = 5000


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WaveForm(forms.Form):
    per_day = forms.IntegerField(
        label=_("Invitations a day"),
        min_value=1,
        max_value=MOST_A_DAY,
        help_text=_("As many as the support can answer for: about one in ten calls"),
    )
    born_before = forms.DateField(
        label=_("Only patients born before"), required=False, widget=_date(), help_text=_("Empty: all")
    )
    seen_since = forms.DateField(
        label=_("Only patients examined since"), required=False, widget=_date(), help_text=_("Empty: all")
    )
