from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

LEAST_REASON = 5


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("What was done"),
        min_length=LEAST_REASON,
        max_length=300,
        help_text=_("Without names and numbers of patients"),
        error_messages={"required": _("Write in a few words what was done.")},
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        min_length=LEAST_REASON,
        max_length=300,
        error_messages={"required": _("Write down the reason.")},
    )
