from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class OfferCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code you were given"),
        max_length=64,
        error_messages={"required": _("Please enter the code.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "input-code"
            }
        ),
    )  # fmt: skip
