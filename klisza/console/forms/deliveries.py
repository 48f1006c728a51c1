from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from klisza.base import clock

VERDICTS = ("accepted", "refused")
MOST_BYTES = 100 * 1024 * 1024


def _today() -> date:
    return clock.local_date(clock.now())


class DecideForm(forms.Form):
    """Beside the list of files; the chosen ones come as `files`, the button as `verdict`."""

    message = forms.CharField(
        label=_("Message to the patient"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Needed when something is not taken. The patient reads it in “My documents” and in a mail."
        ),
    )
    examination = forms.ChoiceField(
        label=_("Order or examination the images belong to"),
        required=False,
        help_text=_(
            "Without one the images become an examination of their own, with a new accession number."
        ),
    )
    accession_number = forms.RegexField(
        label=_("Accession number from the department's system"),
        regex=r"^[\x20-\x5b\x5d-\x7e]{1,16}$",
        required=False,
        help_text=_("If it has given one to these images. Else one is made."),
    )
    peer = forms.ChoiceField(label=_("Forward the images to"), required=False)
    reason = forms.CharField(
        label=_("Why images that name somebody else are this patient's"),
        max_length=300,
        required=False,
        help_text=_("For example: maiden name. It stands in the log."),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        examinations: list[tuple[str, str]],
        peers: list[str],
        has_images: bool,
    ) -> None:
        initial = {"peer": peers[0] if len(peers) == 1 else ""}
        super().__init__(data, initial=initial)
        self.fields["examination"].choices = [("", _("A new examination")), *examinations]  # type: ignore[attr-defined]
        self.fields["peer"].choices = [("", _("Nobody")), *((name, name) for name in peers)]  # type: ignore[attr-defined]
        if not has_images:
            for name in ("examination", "accession_number", "peer", "reason"):
                del self.fields[name]


class DocumentForm(forms.Form):
    """A document of the hospital for one patient."""

    title = forms.CharField(label=_("What is it?"), max_length=200)
    issued_at = forms.DateField(
        label=_("Date of the document"), initial=_today, widget=forms.DateInput(attrs={"type": "date"})
    )
    file = forms.FileField(label=_("File"), help_text=_("PDF, or a photo or scan; up to 100 MB"))

    def __init__(
        self, data: QueryDict | None = None, files: MultiValueDict[str, UploadedFile] | None = None
    ) -> None:
        super().__init__(data, files)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 100 MB."))
        return file
