"""/demo/components/: every part of the interface in every state, for those who build or check pages."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

ICONS = (
    "report", "images", "download", "print", "eye", "chevron", "user", "phone", "mail", "lock", "check",
    "warning", "clock", "document", "search", "play", "logout",
)  # fmt: skip


class Example(forms.Form):
    """One field of each kind."""

    user_name = forms.CharField(
        label=_("User name"), help_text=_("You find it in the e-mail from the hospital."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "off"}))
    code = forms.CharField(
        label=_("Code from the text message"), help_text=_("Four digits"),
        widget=forms.TextInput(
            attrs={"class": "input-code", "inputmode": "numeric", "autocomplete": "off", "maxlength": "4"}
        ),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("Kind of examination"), choices=[("", _("All")), ("MR", "MR"), ("CT", "CT")]
    )
    channel = forms.ChoiceField(
        label=_("How shall we write to you?"),
        choices=[("mail", _("By e-mail")), ("sms", _("By text message"))],
        widget=forms.RadioSelect,
    )  # fmt: skip
    agree = forms.BooleanField(label=_("I have read the information"))


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    failing = Example({}, auto_id="wrong_%s")
    for field in failing.fields.values():
        field.error_messages["required"] = _("This field must be filled in")
    return render(request, "demo/components.html", {
        "example": Example(auto_id="right_%s"), "failing": failing,
        "icons": [{"name": name, "template": f"ui/icons/{name}.html"} for name in ICONS],
    })  # fmt: skip
