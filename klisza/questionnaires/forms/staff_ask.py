"""Asking one person, a list, or everybody whose order has a code."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from klisza.base import clock
from klisza.questionnaires.models import Questionnaire
from klisza.ui.fields import TableField

MOST_CSV_BYTES = 500_000
FARTHEST = timedelta(days=730)


def _message() -> forms.CharField:
    return forms.CharField(
        label=_("Words to the patient (if you like)"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Plain text. It stands above the questions, not in the mail."),
    )  # fmt: skip


class Chosen(forms.Form):
    questionnaire = forms.ChoiceField(label=_("Questionnaire"))

    def __init__(self, data: Any = None, *, offered: Iterable[Questionnaire], **more: Any) -> None:
        super().__init__(data, **more)
        self.by_id = {str(one.pk): one for one in offered}
        field = self.fields["questionnaire"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [(key, one.name) for key, one in self.by_id.items()]

    def clean_questionnaire(self) -> Questionnaire:
        return self.by_id[self.cleaned_data["questionnaire"]]


class Ask(Chosen):
    message = _message()
    last_day = forms.DateField(
        label=_("Last day for the answers (if you like)"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip

    def clean_last_day(self) -> datetime | None:
        """The end of that day at the hospital."""
        day = self.cleaned_data["last_day"]
        if day is None:
            return None
        today = clock.local_date(clock.now())
        if not today <= day <= today + FARTHEST:
            raise forms.ValidationError(_("The last day must be in the future, within two years."))
        return datetime.combine(day, time(23, 59), tzinfo=clock.local_zone())


class AskList(Ask):
    file = TableField(
        most_bytes=MOST_CSV_BYTES,
        help_text=_(
            "UTF-8 or Windows-1250; the first line names the columns: identifier, and if you like issuer and birth_date"
        ),
    )


class AskListAgain(Ask):
    """What was looked at, once more: who is asked is who was shown."""

    text = forms.CharField(widget=forms.HiddenInput, max_length=MOST_CSV_BYTES, strip=False)

    def __init__(self, *values: Any, **more: Any) -> None:
        super().__init__(*values, **more)
        for name in ("questionnaire", "message", "last_day"):
            self.fields[name].widget = forms.HiddenInput()


class Rule(Chosen):
    procedure_code = forms.CharField(label=_("Procedure code"), max_length=64)
    days_before = forms.IntegerField(
        label=_("Days before the appointment"), min_value=0, max_value=90, initial=1,
        help_text=_("So long before, the answers must be there"),
    )  # fmt: skip
    message = _message()

    field_order = ["procedure_code", "questionnaire", "days_before", "message"]


class Withdraw(forms.Form):
    reason = forms.CharField(
        label=_("Why it is withdrawn"), max_length=300, help_text=_("The patient reads this.")
    )
