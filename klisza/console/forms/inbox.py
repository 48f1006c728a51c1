from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from klisza.gateways.models import Hl7Peer

MOST_CHARACTERS = 2_000_000


class SearchForm(forms.Form):
    control_id = forms.CharField(label=_("Message number (MSH-10)"), required=False, max_length=199)
    accession_number = forms.CharField(label=_("Accession number"), required=False, max_length=64)
    identifier = forms.CharField(label=_("Patient identifier"), required=False, max_length=128)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(data.values()):
            raise forms.ValidationError(_("Enter a number to search for."))
        return data


class TryForm(forms.Form):
    text = forms.CharField(
        label=_("HL7 message"),
        max_length=MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "raw", "spellcheck": "false", "wrap": "off"}),
        help_text=_("From MSH to the last segment, one segment in a line"),
        error_messages={"required": _("Paste a message.")},
    )
    peer = forms.ModelChoiceField(
        label=_("As if it came from"),
        queryset=Hl7Peer.objects.order_by("name"),
        required=False,
        to_field_name="name",
        empty_label=_("a sender without an entry"),
    )
