"""The filter above the list: a GET form, so that it works without scripts and can be bookmarked."""

from __future__ import annotations

from typing import Any

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
