"""Taking in a questionnaire, making one, and what stands beside its questions."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from klisza.questionnaires import ready
from klisza.questionnaires.models import Questionnaire
from klisza.questionnaires.services.definitions import MOST_BYTES
from klisza.standards.fhir import xml

Language = tuple[str, str | Promise]
LANGUAGES: tuple[Language, ...] = (("pl", _("Polish")), ("en", _("English")), ("uk", _("Ukrainian")))


class Import(forms.Form):
    file = forms.FileField(
        label=_("FHIR file"), help_text=_("A FHIR R4 Questionnaire as JSON or XML, at most 4 MB")
    )

    def clean_file(self) -> dict[str, Any]:
        """The resource; what it says is looked at later."""
        data = self.cleaned_data["file"].read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise forms.ValidationError(_("The file is too large."))
        try:
            return _resource(data)
        except xml.NotFhir as fault:
            raise forms.ValidationError(
                _("The file cannot be read: %(cause)s") % {"cause": fault.reason}
            ) from fault
        except (ValueError, RecursionError) as fault:
            raise forms.ValidationError(_("The file is neither JSON nor XML.")) from fault


def _resource(data: bytes) -> dict[str, Any]:
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return xml.read(data)
    found = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    text = json.dumps(found, ensure_ascii=False)
    if not isinstance(found, dict) or "\\u0000" in text or not text.encode():
        raise ValueError("no object, or one that no database keeps")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


class New(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What staff call it"))
    start = forms.ChoiceField(label=_("Begin with"), choices=ready.choices, widget=forms.RadioSelect)


class Describe(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What staff call it"))
    takes_files = forms.BooleanField(label=_("The last page takes documents and images"), required=False)
    is_standing = forms.BooleanField(
        label=_("Patients may start it by themselves"),
        help_text=_('It then stands under "My surveys" of every patient, without being sent.'),
        required=False,
    )

    @classmethod
    def of(cls, questionnaire: Questionnaire, data: Any = None) -> Describe:
        now = {name: getattr(questionnaire, name) for name in ("name", "takes_files", "is_standing")}
        return cls(data, initial=now)


class Heading(forms.Form):
    """Title and introduction in every language; the main one is required."""

    def __init__(self, data: Any, *, main: str, initial: dict[str, str]) -> None:
        super().__init__(data, initial=initial, auto_id="heading-%s")
        for key, label, widget in (
            ("title", _("Title"), forms.TextInput()),
            ("description", _("Introduction"), forms.Textarea(attrs={"rows": 3})),
        ):
            for code, language in in_order(main):
                self.fields[f"{key}_{code}"] = forms.CharField(
                    label=f"{label} ({language})", widget=widget, strip=True,
                    required=key == "title" and code == main, max_length=200 if key == "title" else 2000,
                )  # fmt: skip


def in_order(main: str) -> list[Language]:
    """The language the questionnaire is written in comes first."""
    known: list[Language] = [one for one in LANGUAGES if one[0] == main] or [(main, main)]
    return known + [one for one in LANGUAGES if one[0] != main]
