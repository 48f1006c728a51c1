"""The dialog of manual chapter 7, in its order, and the guest's few fields."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from klisza.accounts.phones import normal_mobile

from . import addresses, pins

COMMENT_ROWS = 3


class PinInput(forms.TextInput):
    """Never given back: what was typed stands in no page (R54)."""

    def __init__(self, autocomplete: str) -> None:
        super().__init__({"autocomplete": autocomplete, "inputmode": "numeric", "class": "input-code"})

    def format_value(self, value: Any) -> None:
        return None


class Chosen(forms.Form):
    """What and for how long: the part that every kind of share has.

    examinations: (id, words), the one whose page it was first; series: (id, words) of that one.
    """

    def __init__(
        self, data: Any, *, lasts: list[tuple[str, str]], examinations: list[Any], series: list[Any]
    ) -> None:
        super().__init__(data)
        self._offer("lasts", lasts, str(24 * settings.SHARE_DAYS))
        self._offer("examinations", examinations, [examinations[0][0]])
        self._offer("series", series, [key for key, _words in series])
        if len(series) < 2:
            del self.fields["series"]
        if len(examinations) < 2:
            del self.fields["examinations"]

    def _offer(self, name: str, choices: list[Any], initial: Any) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ChoiceField):
            field.choices, field.initial = choices, initial

    def clean_lasts(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["lasts"]))

    def clean_examinations(self) -> list[UUID]:
        return [UUID(one) for one in self.cleaned_data["examinations"]]

    def clean_series(self) -> list[UUID]:
        return [UUID(one) for one in self.cleaned_data["series"]]


def _lasts() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("For how long?"),
        help_text=_("For your safety access to your examination is limited in time."),
        error_messages={"required": _("Choose for how long."), "invalid_choice": _("Choose for how long.")},
    )


def _comment() -> forms.CharField:
    return forms.CharField(
        label=_("Comment for the recipient (if you like)"),
        help_text=_("Shown after the PIN, as plain text; links in it cannot be clicked."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": COMMENT_ROWS}),
        error_messages={"max_length": _("The comment can have at most 500 characters.")},
    )


def _examinations() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=_("Examinations"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one examination.")},
    )


def _series() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=_("Series of this examination"),
        help_text=_("Images that arrive later are not shared."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one series.")},
    )


def _report() -> forms.BooleanField:
    return forms.BooleanField(label=_("With the report"), required=False, initial=True)


class External(Chosen):
    email = forms.CharField(
        label=_("E-mail address of the recipient"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
        error_messages={"required": _("Please enter the e-mail address of the recipient.")},
    )
    sure = forms.BooleanField(label=_("The address is right as I have typed it"), required=False)
    pin = forms.CharField(
        label=_("PIN of 6 digits"),
        help_text=_("Leave it empty and the portal makes one for you. Not 123456 and no birthday."),
        required=False,
        max_length=20,
        widget=PinInput("off"),
    )
    pin_way = forms.ChoiceField(
        label=_("How does the recipient get the PIN?"),
        choices=[
            ("send", _("In a separate message, a minute after the link")),
            ("self", _("I will tell it myself, for example by telephone")),
        ],
        initial="send",
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how the recipient gets the PIN.")},
    )
    mobile = forms.CharField(
        label=_("Mobile number of the recipient (if you know it)"),
        help_text=_("With it the PIN goes by text message, which is safer; without it by a second e-mail."),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    lasts = _lasts()
    comment = _comment()
    with_report = _report()
    may_download = forms.BooleanField(
        label=_("The recipient may download the images and the report"), required=False, initial=True
    )
    language = forms.ChoiceField(label=_("Language of the recipient"), choices=settings.LANGUAGES)
    examinations = _examinations()
    series = _series()

    def __init__(self, data: Any, *, language: str, birth_date: Any = None, **offered: Any) -> None:
        self.birth_date = birth_date
        super().__init__(data, **offered)
        self.fields["language"].initial = language
        if not self.is_bound or not addresses.meant(str(self.data.get("email", "")).strip().lower()):
            del self.fields["sure"]

    def clean_email(self) -> str:
        return addresses.one_address(self.cleaned_data["email"])

    def clean_pin(self) -> str:
        pin = "".join(self.cleaned_data["pin"].split())
        if pin and not (pin.isascii() and pin.isdigit() and len(pin) == settings.PIN_DIGITS):
            raise forms.ValidationError(_("The PIN has exactly 6 digits."))
        if pin and pins.is_weak(pin, dates=[self.birth_date]):
            raise forms.ValidationError(_("This PIN is easy to guess. Please choose another one."))
        return pin

    def clean_mobile(self) -> str:
        text = self.cleaned_data["mobile"].strip()
        number = normal_mobile(text) if text else ""
        if number is None:
            raise forms.ValidationError(_("Text messages cannot go to this number. Please check it."))
        return number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        meant = addresses.meant(cleaned.get("email", ""))
        if meant and not cleaned.get("sure"):
            self.add_error(
                "email",
                forms.ValidationError(
                    _("Did you mean …@%(meant)s? If not, tick the box below."), params={"meant": meant}
                ),
            )
        return cleaned


class Internal(Chosen):
    unit = forms.ChoiceField(
        label=_("Unit of the hospital"),
        error_messages={"required": _("Choose the unit."), "invalid_choice": _("Choose the unit.")},
    )
    lasts = _lasts()
    comment = _comment()
    with_report = _report()
    examinations = _examinations()
    series = _series()

    def __init__(self, data: Any, *, units: list[tuple[str, str]], **offered: Any) -> None:
        super().__init__(data, **offered)
        self._offer("unit", units, units[0][0] if units else "")

    def clean_unit(self) -> UUID:
        return UUID(self.cleaned_data["unit"])


class Slip(Chosen):
    with_report = _report()
    may_download = forms.BooleanField(
        label=_("The doctor may download the images and the report"), required=False, initial=True
    )
    examinations = _examinations()
    series = _series()

    def __init__(self, data: Any, **offered: Any) -> None:
        super().__init__(data, lasts=[], **offered)


class StaffSlip(forms.Form):
    """Whole examinations; examinations: (id, words)."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The patient reads it in the own access log."),
        max_length=200,
        error_messages={"required": _("Please write down the reason.")},
    )
    examinations = forms.MultipleChoiceField(
        label=_("Examinations"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one examination.")},
    )
    with_report = _report()

    def __init__(self, data: Any, *, examinations: list[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["examinations"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
        field.choices = examinations

    def clean_examinations(self) -> list[UUID]:
        return [UUID(one) for one in self.cleaned_data["examinations"]]


class Pin(forms.Form):
    pin = forms.CharField(
        label=_("PIN of 6 digits"),
        max_length=20,
        widget=PinInput("one-time-code"),
        error_messages={"required": _("Please enter the PIN.")},
    )


class Text(forms.Form):
    """Of a guest to the owner."""

    text = forms.CharField(
        label=_("Your note"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": COMMENT_ROWS}),
        error_messages={
            "required": _("Please write something."),
            "max_length": _("The note can have at most 500 characters."),
        },
    )


class Longer(forms.Form):
    lasts = forms.ChoiceField(
        label=_("From now on for"), error_messages={"required": _("Choose for how long.")}
    )

    def __init__(self, data: Any, *, lasts: list[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["lasts"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices, field.initial = lasts, str(24 * settings.SHARE_DAYS)

    def clean_lasts(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["lasts"]))


class Members(forms.Form):
    user_names = forms.CharField(
        label=_("User names of the members, one in each line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class NewUnit(forms.Form):
    name = forms.CharField(
        label=_("Name of the unit"),
        max_length=120,
        error_messages={"required": _("Please enter the name of the unit.")},
    )
