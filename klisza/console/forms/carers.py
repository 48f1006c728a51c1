from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from klisza.console.documents import DOCUMENTS


class DocumentForm(forms.Form):
    """Which document was seen, and enough to find it again; never a copy."""

    document = forms.ChoiceField(
        label=_("Document you have seen"),
        choices=[("", "–"), *DOCUMENTS],
        error_messages={"required": _("Choose the document you have seen.")},
    )
    reference = forms.CharField(
        label=_("Last four characters of its number, or the reference of the ruling"),
        min_length=4,
        max_length=40,
        error_messages={"required": _("Enter the last four characters of the document's number.")},
    )

    @property
    def noted(self) -> str:
        return f"{self.cleaned_data['document']}, {self.cleaned_data['reference']}"


class CarerForm(DocumentForm):
    kind = forms.ChoiceField(
        label=_("Who is the carer?"),
        choices=[
            ("guardian", _("parent or legal guardian of a minor (ends with the 18th birthday)")),
            ("authorised", _("person authorised by the patient or by a document")),
        ],
        widget=forms.RadioSelect,
    )
    carer_name = forms.CharField(label=_("First and last name of the carer"), max_length=200)
    user_name = forms.CharField(
        label=_("User name of the carer's account"),
        help_text=_("Only if the carer has one already; ask the carer. Otherwise fill in e-mail and mobile."),
        required=False,
        max_length=64,
    )
    email = forms.EmailField(label=_("E-mail of the carer"), required=False, max_length=254)
    mobile = forms.CharField(label=_("Mobile number of the carer"), required=False, max_length=32)
    scope = forms.ChoiceField(
        label=_("What may the carer see?"),
        choices=[("all", _("images and reports")), ("no_reports", _("only the images"))],
        initial="all",
        widget=forms.RadioSelect,
    )
    last_day = forms.DateField(
        label=_("Last day, if it ends sooner"),
        required=False,
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    proposal = forms.UUIDField(required=False, widget=forms.HiddenInput)
    field_order = ("kind", "carer_name", "user_name", "email", "mobile", "scope", "last_day", "document")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("user_name") and not (data.get("email") and data.get("mobile")):
            raise forms.ValidationError(_("Enter the user name, or both the e-mail and the mobile number."))
        return data


class OwnContactForm(DocumentForm):
    email = forms.EmailField(label=_("The person's own e-mail"), max_length=254)
    mobile = forms.CharField(label=_("The person's own mobile number"), max_length=32)
    field_order = ("email", "mobile", "document")


class ContactForm(DocumentForm):
    channel = forms.ChoiceField(
        label=_("What changes?"),
        choices=[("sms", _("mobile number")), ("mail", _("e-mail"))],
        widget=forms.RadioSelect,
    )
    address = forms.CharField(label=_("New number or address"), max_length=254)
    field_order = ("channel", "address", "document")


class ReadBackForm(forms.Form):
    channel = forms.CharField(widget=forms.HiddenInput, max_length=4)
    code = forms.CharField(
        label=_("Code that the patient reads out"),
        max_length=32,
        error_messages={"required": _("Enter the code that has just come to the new number or address.")},
    )
