from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from klisza.examinations import kinds
from klisza.examinations.models import KindRule, ProcedureName, ReleaseRule, Ward
from klisza.ui.fields import TableField

MOST_CSV_BYTES = 2_000_000
Choice = tuple[str, str | Promise]

WHEN: tuple[Choice, ...] = (
    ("at_once", _("at once")),
    ("days", _("after a number of days")),
    ("clinician", _("when the clinic releases it")),
    ("visit", _("after the visit")),
    ("never", _("never")),
)
WITH_REPORT: Choice = ("report", _("together with the report"))


def _kinds() -> Iterator[Choice]:
    yield "", _("by modality")
    for kind in kinds.ALL:
        yield kind.code, kind.name


def _any_kind() -> Iterator[Choice]:
    yield "", _("any")
    for kind in kinds.ALL:
        yield kind.code, kind.name


class FindNameForm(forms.Form):
    text = forms.CharField(label=_("Code or words of the name"), max_length=100, required=False)


class ProcedureForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("Kind of examination"), choices=_kinds, required=False)

    class Meta:
        model = ProcedureName
        fields = ["code", "name_pl", "name_en", "name_uk", "kind", "flags"]
        labels = {
            "code": _("Procedure code"),
            "name_pl": _("Name in Polish"),
            "name_en": _("Name in English"),
            "name_uk": _("Name in Ukrainian"),
            "flags": _("Flags"),
        }
        help_texts = {
            "name_pl": _("In words that patients use"),
            "flags": _("Words with spaces between them, for release rules; for example: oncology"),
        }


class CsvForm(forms.Form):
    file = TableField(
        most_bytes=MOST_CSV_BYTES,
        help_text=_(
            "UTF-8 or Windows-1250, with semicolons, commas or tabs; the first line names the columns"
        ),
    )


class CsvTextForm(forms.Form):
    """The text that was looked at, once more: what is imported is what was previewed."""

    text = forms.CharField(widget=forms.HiddenInput, max_length=MOST_CSV_BYTES, strip=False)


class WardForm(forms.ModelForm):
    telephone = forms.CharField(
        label=_("Telephone"),
        max_length=40,
        required=False,
        validators=[RegexValidator(r"^[0-9+ ()/,.-]*$", _("Enter digits, spaces and a plus only."))],
    )

    class Meta:
        model = Ward
        fields = ["code", "name", "telephone", "next_step_pl", "next_step_en", "next_step_uk"]
        labels = {
            "code": _("Code in the messages"),
            "name": _("Name"),
            "next_step_pl": _("What happens next, in Polish"),
            "next_step_en": _("What happens next, in English"),
            "next_step_uk": _("What happens next, in Ukrainian"),
        }
        help_texts = {"next_step_pl": _("Stands with the result; plain text")}
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("next_step_pl", "next_step_en", "next_step_uk")
        }


CONDITIONS = {
    "modality": _("Modality"),
    "procedure_code": _("Procedure code"),
    "ward_code": _("Ward"),
    "station": _("Device"),
    "flag": _("Flag of the procedure"),
}


class KindRuleForm(forms.ModelForm):
    kind = forms.ChoiceField(
        label=_("Then it is"),
        choices=lambda: [("", _("what it would be anyway")), *list(_kinds())[1:]],
        required=False,
    )

    class Meta:
        model = KindRule
        fields = ["modality", "procedure_code", "ward_code", "station", "kind", "is_shown"]
        labels = {**CONDITIONS, "is_shown": _("and is shown to patients")}


class ReleaseRuleForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("Kind of examination"), choices=_any_kind, required=False)
    images = forms.ChoiceField(label=_("Images are released"), choices=(*WHEN, WITH_REPORT))
    images_days = forms.IntegerField(
        label=_("Days after the examination"), min_value=0, max_value=3650, required=False
    )
    report = forms.ChoiceField(label=_("The report is released"), choices=WHEN)
    report_days = forms.IntegerField(
        label=_("Days after the first final report"), min_value=0, max_value=3650, required=False
    )
    cap_days = forms.IntegerField(
        label=_("In any case after this many days"),
        min_value=0,
        max_value=3650,
        required=False,
        help_text=_("Counted from the first final report; empty: no such limit"),
    )

    class Meta:
        model = ReleaseRule
        fields = [
            "kind", "modality", "procedure_code", "ward_code", "flag", "images", "images_days", "report",
            "report_days", "cap_days",
        ]  # fmt: skip
        labels = CONDITIONS

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("images", "report"):
            days = data.get(f"{name}_days")
            if data.get(name) == "days" and not days and f"{name}_days" not in self.errors:
                self.add_error(f"{name}_days", _("Enter the number of days."))
            data[f"{name}_days"] = days or 0
        return data
