from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from .work import ReasonForm

NOBODY = "nobody"
# What a rejection note of the department says; the portal hides the images as it would for the note.
REJECTIONS = (
    (NOBODY, _("They are nobody's: a test, a phantom")),
    ("quality", _("They are of no use: bad quality")),
    ("safety", _("They could harm the patient")),
    ("wrong_patient", _("They are images of another patient")),
)


class AssignForm(forms.Form):
    """A button beside a candidate; the values are our own ids."""

    patient = forms.UUIDField()
    examination = forms.UUIDField(required=False)
    reason = forms.CharField(required=False, max_length=300)


class RejectForm(ReasonForm):
    """may_rule: may say what otherwise the department says; else the images can only be nobody's."""

    why = forms.ChoiceField(
        label=_("Why they must not be shown"),
        choices=REJECTIONS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose why the images must not be shown.")},
    )
    field_order = ["why", "reason"]

    def __init__(self, data: QueryDict | None = None, *, may_rule: bool) -> None:
        super().__init__(data, auto_id="reject-%s")
        if not may_rule:
            del self.fields["why"]


class RestoreForm(ReasonForm):
    note = forms.CharField(widget=forms.HiddenInput, max_length=64)


class DisagreementForm(ReasonForm):
    """Whose the images are, when those of one study name two patients. The labels come with the study."""

    patient = forms.ChoiceField(
        label=_("Whose images are they?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the patients.")},
    )
    field_order = ["patient", "reason"]

    def __init__(self, data: QueryDict | None = None, *, patients: list[tuple[str, str]]) -> None:
        super().__init__(data, auto_id="disagreement-%s")
        self.fields["patient"].choices = patients  # type: ignore[attr-defined]
