from __future__ import annotations

from django import forms


class AssignForm(forms.Form):
    """A button beside a candidate; the values are our own ids."""

    patient = forms.UUIDField()
    examination = forms.UUIDField(required=False)
    reason = forms.CharField(required=False, max_length=300)
