from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from .work import ReasonForm

SUBJECTS = (("report", _("the report")), ("images", _("the images")))
DECISIONS = (
    ("hold", _("Hold back, whatever the rules say")),
    ("release", _("Release now")),
    ("rule", _("Go back to the rules")),
)


class DecisionForm(ReasonForm):
    subjects = forms.MultipleChoiceField(
        label=_("Of this examination"),
        choices=SUBJECTS,
        widget=forms.CheckboxSelectMultiple,
        initial=["report", "images"],
        error_messages={"required": _("Choose the report, the images or both.")},
    )
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=DECISIONS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is to happen.")},
    )
    field_order = ["subjects", "decision", "reason"]


class VisitForm(forms.Form):
    day = forms.DateField(
        label=_("Day of the visit"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Enter the day.")},
    )
