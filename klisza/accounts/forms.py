"""What can be typed on the pages of accounts. Only the named fields are read (R18)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_TYPED = 1024
NO_ADDRESS = _("This is not an e-mail address. It looks like name@example.org.")


class UserName(forms.TextInput):
    def __init__(self) -> None:
        super().__init__({"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"})


class OneTimeCode(forms.TextInput):
    """A text field, not a number: leading zeros count."""

    def __init__(self) -> None:
        hints = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super().__init__({**hints, "class": "input-code"})


class LoginForm(forms.Form):
    user_name = forms.CharField(
        label=_("User name"),
        max_length=MOST_TYPED,
        error_messages={
            "required": _("Please enter your user name. It is in the e-mail about your account.")
        },
        widget=UserName,
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MOST_TYPED,
        strip=False,
        error_messages={"required": _("Please enter your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the text message"),
        max_length=32,
        error_messages={"required": _("Please enter the code from the text message.")},
        widget=OneTimeCode,
    )


class NewPasswordForm(forms.Form):
    """user_name: not read; password managers need it to keep the right pair."""

    new_password = forms.CharField(
        label=_("New password"),
        max_length=MOST_TYPED,
        strip=False,
        help_text=_(
            "At least 10 characters. Spaces and all letters are allowed. Three words "
            "that do not belong together are easy to remember and hard to guess."
        ),
        error_messages={"required": _("Please enter a new password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    new_password_again = forms.CharField(
        label=_("New password once more"),
        max_length=MOST_TYPED,
        strip=False,
        error_messages={"required": _("Please enter the new password a second time.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, second = cleaned.get("new_password"), cleaned.get("new_password_again")
        if first and second and first != second:
            self.add_error("new_password_again", _("The two passwords are not the same."))
        return cleaned


class ChangePasswordForm(NewPasswordForm):
    old_password = forms.CharField(
        label=_("Old password"),
        max_length=MOST_TYPED,
        strip=False,
        error_messages={"required": _("Please enter your old password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old_password", "new_password", "new_password_again"]


class ForgottenForm(forms.Form):
    user_name = forms.CharField(
        label=_("User name"),
        max_length=MOST_TYPED,
        error_messages={"required": _("Please enter your user name.")},
        widget=UserName,
    )


class ForgottenNameForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("The address that the hospital has on file."),
        error_messages={
            "required": _("Please enter your e-mail address."),
            "invalid": NO_ADDRESS,
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class NewEmailForm(forms.Form):
    address = forms.EmailField(
        label=_("New e-mail address"),
        max_length=254,
        error_messages={
            "required": _("Please enter the new e-mail address."),
            "invalid": NO_ADDRESS,
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class NewMobileForm(forms.Form):
    address = forms.CharField(
        label=_("New mobile number"),
        max_length=32,
        help_text=_("For example 600 100 200, or with the country in front: +380 50 123 45 67"),
        error_messages={"required": _("Please enter the new mobile number.")},
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )


class ContactCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        error_messages={"required": _("Please enter the code.")},
        widget=OneTimeCode,
    )


class AppCodeForm(forms.Form):
    """Six digits of an authenticator app; an id of its own, as a page may ask for a text message too."""

    code = forms.CharField(
        label=_("Code from the app"),
        max_length=32,
        help_text=_("Six digits. The app shows new ones every 30 seconds."),
        error_messages={"required": _("Please enter the six digits that the app shows.")},
        widget=OneTimeCode,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "app_%s", **kwargs})


class RecoveryForm(forms.Form):
    recovery_code = forms.CharField(
        label=_("Recovery code"),
        max_length=64,
        help_text=_("Any code of your list that has not been used. Capitals and dashes do not matter."),
        error_messages={"required": _("Please enter one of your recovery codes.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


class NameForm(forms.Form):
    """What the owner calls a device, to recognise it later."""

    name = forms.CharField(
        label=_("Name of the device (you may leave it empty)"),
        max_length=64,
        required=False,
        help_text=_("For example: my phone"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
