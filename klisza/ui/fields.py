"""Fields that forms of several apps share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class TableField(forms.FileField):
    """A CSV file; its clean value is the text. Spreadsheets write UTF-8 with a mark or Windows-1250."""

    def __init__(self, *, most_bytes: int, **more: Any) -> None:
        super().__init__(label=_("CSV file"), **more)
        self.most_bytes = most_bytes

    def clean(self, data: Any, initial: Any = None) -> str:
        content = super().clean(data, initial).read(self.most_bytes + 1)
        if len(content) > self.most_bytes:
            raise forms.ValidationError(_("The file is too large."))
        for charset in ("utf-8-sig", "cp1250"):
            try:
                return str(content, charset)
            except UnicodeDecodeError:
                continue
        raise forms.ValidationError(_("The file is no text in UTF-8 or Windows-1250."))
