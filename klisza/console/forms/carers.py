from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from klisza.console.documents import DOCUMENTS

SCOPES = [("all", _("images and reports")), ("no_reports", _("only the images"))]
CHOSEN = ("chosen", _("images and reports of the examinations chosen below"))


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
        choices=[*SCOPES, CHOSEN],
        initial="all",
        widget=forms.RadioSelect,
    )
    chosen = forms.TypedMultipleChoiceField(
        label=_("Examinations, if only some"),
        coerce=uuid.UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    last_day = forms.DateField(
        label=_("Last day, if it ends sooner"),
        required=False,
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    proposal = forms.UUIDField(required=False, widget=forms.HiddenInput)
    field_order = (
        "kind", "carer_name", "user_name", "email", "mobile", "scope", "chosen", "last_day", "document",
    )  # fmt: skip

    def __init__(self, *args: Any, examinations: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        """examinations: (id, words) of those in the patient's list; without any there is nothing to choose."""
        super().__init__(*args, **kwargs)
        if examinations:
            cast("forms.ChoiceField", self.fields["chosen"]).choices = list(examinations)
            return
        del self.fields["chosen"]
        cast("forms.ChoiceField", self.fields["scope"]).choices = SCOPES

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("scope") == "chosen" and not data.get("chosen") and "chosen" not in self.errors:
            self.add_error("chosen", _("Choose at least one examination."))
        if not self.errors and not data.get("user_name") and not (data.get("email") and data.get("mobile")):
            raise forms.ValidationError(_("Enter the user name, or both the e-mail and the mobile number."))
        return data


class OwnContactForm(DocumentForm):
    email = forms.EmailField(label=_("The person's own e-mail"), max_length=254)
    mobile = forms.CharField(label=_("The person's own mobile number"), max_length=32)
    field_order = ("email", "mobile", "document")


class EntryForm(DocumentForm):
    """Of somebody without an account in use; what stays empty stays as it is on file."""

    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    mobile = forms.CharField(
        label=_("Mobile number"),
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    field_order = ("email", "mobile", "document")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("email") and not data.get("mobile"):
            raise forms.ValidationError(_("Enter the e-mail, the mobile number or both."))
        return data


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
