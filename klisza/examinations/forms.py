"""The filter above the list: a GET form, so that it works without scripts and can be bookmarked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .search import Found

QUERY_MOST = 100


class Filters(forms.Form):
    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=QUERY_MOST,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    year = forms.ChoiceField(label=_("Year"), required=False)

    def __init__(self, data: Any, found: Found) -> None:
        super().__init__(data, auto_id="filter-%s")
        self._offer("kind", _("All"), [(kind.code, kind.name) for kind in found.kinds])
        self._offer("year", _("All"), [(str(year), str(year)) for year in found.years])

    def _offer(self, name: str, everything: Any, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [("", everything), *choices]


class Preferences(forms.Form):
    """email, mobile: the account's addresses, shown in part."""

    notice_channel = forms.ChoiceField(label=_("Tell me about new results by"), widget=forms.RadioSelect)
    tell_after_visit = forms.BooleanField(
        label=_("Show and tell me results only after my visit at the doctor's"), required=False
    )

    def __init__(self, data: Any, *, initial: dict[str, Any], email: str, mobile: str) -> None:
        super().__init__(data, initial=initial)
        channel = self.fields["notice_channel"]
        assert isinstance(channel, forms.ChoiceField)  # noqa: S101 - tells the type checker
        channel.choices = [
            ("mail", format_lazy("{} ({})", _("e-mail"), email or "–")),
            ("sms", format_lazy("{} ({})", _("text message"), mobile or "–")),
        ]


class Visit(forms.Form):
    day = forms.DateField(
        label=_("Day of your visit"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


def asked(data: Any) -> dict[str, Any]:
    """What the address asks for; nonsense is no filter."""
    year = str(data.get("year", ""))
    return {
        "kind": str(data.get("kind", ""))[:8],
        "year": int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
        "words": str(data.get("q", ""))[:QUERY_MOST],
    }


class Carer(forms.Form):
    """Whom the person lets in. choices: (id, words) of the own examinations."""

    carer_name = forms.CharField(
        label=_("First and last name of this person"),
        max_length=200,
        help_text=_("So that you recognise the entry later. Nothing is sent to anybody."),
        error_messages={"required": _("Please enter the name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label=_("What may this person see?"),
        choices=[
            ("all", _("All examinations, images and reports")),
            ("no_reports", _("All examinations, only the images")),
            ("chosen", _("Only the examinations I choose below, images and reports")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what this person may see.")},
    )
    chosen = forms.MultipleChoiceField(
        label=_("Chosen examinations"), required=False, widget=forms.CheckboxSelectMultiple
    )
    last_day = forms.DateField(
        label=_("Until when?"),
        help_text=_("The last day. Leave it empty for no end; you can end it here at any time."),
        required=False,
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any, *, choices: list[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["chosen"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("scope") == "chosen" and not cleaned.get("chosen") and "chosen" not in self.errors:
            self.add_error("chosen", _("Choose at least one examination."))
        cleaned["chosen"] = [UUID(one) for one in cleaned.get("chosen") or []]
        if cleaned.get("scope") != "chosen":
            cleaned["chosen"] = []
        return cleaned
