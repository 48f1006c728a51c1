from __future__ import annotations

import ipaddress
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MOST_MB = 1024


def one_address_or_network(text: str) -> None:
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValidationError(_("Enter one address or a network such as 10.1.2.0/24.")) from None


class SenderForm(forms.Form):
    """What senders of images and of messages have in common."""

    name = forms.CharField(label=_("Name"), max_length=64, help_text=_("For these pages only"))
    address = forms.CharField(
        label=_("Address or network"),
        max_length=64,
        help_text=_("For example 10.1.2.3 or 10.1.2.0/24"),
        validators=[one_address_or_network],
    )
    issuer = forms.CharField(
        label=_("Issuer of its patient numbers"),
        max_length=128,
        required=False,
        help_text=_("For numbers that come without one; images and messages of one hospital need the same"),
    )


class DicomPeerForm(SenderForm):
    ae_title = forms.RegexField(
        label=_("AE title"),
        regex=r"^[\x20-\x5b\x5d-\x7e]{1,16}$",
        max_length=16,
        error_messages={"invalid": _("An AE title has 1 to 16 plain characters without backslash.")},
    )
    port = forms.IntegerField(
        label=_("Port"),
        min_value=1,
        max_value=65535,
        required=False,
        help_text=_("For C-ECHO, and for images that the portal forwards"),
    )
    charset = forms.CharField(
        label=_("Character set of unlabelled text"),
        max_length=32,
        required=False,
        help_text=_("For example ISO_IR 101"),
    )
    stow_url = forms.URLField(
        label=_("DICOMweb address"),
        max_length=300,
        required=False,
        assume_scheme="https",
        help_text=_("Images are forwarded there by STOW-RS instead of C-STORE"),
    )
    stow_user = forms.CharField(
        label=_("User name there"),
        max_length=128,
        required=False,
        help_text=_("Left empty when the service wants a token"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    stow_secret = forms.CharField(
        label=_("Password or token"),
        max_length=4096,
        required=False,
        strip=False,
        help_text=_("Kept encrypted and never shown again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = [
        "name", "ae_title", "address", "port", "issuer", "charset", "stow_url", "stow_user", "stow_secret",
    ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("stow_user") and not given.get("stow_secret"):
            self.add_error("stow_secret", _("The user name needs its password."))
        if (given.get("stow_user") or given.get("stow_secret")) and not given.get("stow_url"):
            self.add_error(
                "stow_url", _("The password or token is for a DICOMweb address: enter it as well.")
            )
        return given


class Hl7PeerForm(SenderForm):
    certificate_name = forms.CharField(
        label=_("Name in the client certificate"),
        max_length=128,
        required=False,
        help_text=_("Required on the TLS port only"),
    )
    sending_application = forms.CharField(
        label=_("Sending application (MSH-3)"), max_length=180, required=False, help_text=_("Empty: any")
    )
    sending_facility = forms.CharField(
        label=_("Sending facility (MSH-4)"), max_length=180, required=False, help_text=_("Empty: any")
    )
    charset = forms.ChoiceField(
        label=_("Character set"),
        required=False,
        choices=[("", _("as MSH-18 says")), *((name, name) for name in settings.HL7_CHARSETS)],
        help_text=_("What is really sent, when MSH-18 does not say so"),
    )
    frame_mb = forms.IntegerField(
        label=_("Largest message in MB"), min_value=1, max_value=MOST_MB, initial=settings.HL7_FRAME_MB
    )
    is_quiet = forms.BooleanField(
        label=_("Quiet: no accounts, mails and notices follow from its messages (initial load)"),
        required=False,
    )
