"""The dialog of the manual, M3.5 to M3.7."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .options import Options
from .queries import Content, Folder

PASSWORD_LEAST, PASSWORD_MOST = 8, 128


class CopyForm(forms.Form):
    """content: what could go along. Passwords are never shown again, not even when the other field is wrong."""

    viewer = forms.BooleanField(label=_("with the image viewer"), required=False, initial=True)
    what = forms.ChoiceField(
        label=_("What to download"),
        widget=forms.RadioSelect,
        initial="all",
        choices=[
            ("all", _("images and report")),
            ("images", _("images only")),
            ("reports", _("report only")),
        ],
    )
    series = forms.MultipleChoiceField(label=_("Series"), required=False, widget=forms.CheckboxSelectMultiple)
    form = forms.ChoiceField(
        label=_("Form of the images"),
        widget=forms.RadioSelect,
        initial="stored",
        choices=[
            ("stored", _("as the hospital stored them (smaller; right for most)")),
            ("plain", _("for any reader (uncompressed; for older programs and CD readers)")),
        ],
    )
    pictures = forms.BooleanField(
        label=_("also as pictures for a phone (JPEG, films as MP4)"), required=False
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        min_length=PASSWORD_LEAST,
        max_length=PASSWORD_MOST,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        required=False,
        strip=False,
        max_length=PASSWORD_MOST,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any, *, content: Content, whole_record: bool = False) -> None:
        super().__init__(data)
        folders = content.folders
        if whole_record or len(folders) < 2:
            del self.fields["series"]
        else:
            field = self.fields["series"]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
            field.choices = [
                (str(one.card.id), _said(number, one)) for number, one in enumerate(folders, start=1)
            ]
            field.initial = [str(one.card.id) for one in folders]
        if not content.papers or not folders:
            del self.fields["what"]
        self._whole_record = whole_record
        self._all = len(folders)

    def clean_password(self) -> str:
        """As the same letters are typed elsewhere: composed (NFC)."""
        return unicodedata.normalize("NFC", self.cleaned_data["password"])

    def clean_again(self) -> str:
        return unicodedata.normalize("NFC", self.cleaned_data["again"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if "password" in found and found["password"] != found.get("again", ""):
            self.add_error("again", _("The two passwords differ. Please type the same one twice."))
        if "series" in self.fields and not found.get("series") and found.get("what") != "reports":
            self.add_error("series", _("Please choose at least one series."))
        return found

    def options(self, language: str) -> Options:
        found = self.cleaned_data
        what, chosen = found.get("what") or "all", found.get("series")
        series = frozenset(uuid.UUID(one) for one in chosen) if chosen and len(chosen) < self._all else None
        images = what != "reports"
        return Options(
            viewer=found["viewer"] and images,
            images=images,
            reports=what != "images",
            plain=found["form"] == "plain",
            pictures=found["pictures"] and images,
            documents=self._whole_record and what != "images",
            series=series,
            language=language,
        )


def _said(number: int, folder: Folder) -> Any:
    files = len(folder.images)
    title = folder.card.title or _("Series %(number)d") % {"number": number}
    return format_lazy("{} · {}", title, ngettext("%(n)d file", "%(n)d files", files) % {"n": files})
