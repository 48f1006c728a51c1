"""The information clause (GDPR art. 13): one folder per version, one file per language."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from string import Template

import markdown
from django.conf import settings

FOLDER = Path(__file__).parent / "clauses"


@dataclass(frozen=True)
class Clause:
    """sha256: over the text as shown, with the hospital's name and contact in it."""

    version: str
    language: str
    text: str
    sha256: str

    @property
    def html(self) -> str:
        """Made from our own files only; nothing a visitor typed is in it."""
        return markdown.markdown(self.text)


@functools.cache
def current_version() -> str:
    """Versions are named by their date; the newest is the one that must be accepted."""
    return max(folder.name for folder in FOLDER.iterdir() if folder.is_dir())


@functools.cache
def current(language: str) -> Clause:
    known = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    version = current_version()
    source = (FOLDER / version / f"{known}.md").read_text("utf-8")
    text = Template(source).substitute(
        hospital=settings.HOSPITAL_NAME or settings.PORTAL_NAME,
        portal=settings.PORTAL_NAME,
        contact=", ".join(
            part for part in (settings.SUPPORT_EMAIL, settings.SUPPORT_PHONE, settings.SUPPORT_HOURS) if part
        ),
    )
    return Clause(version, known, text, hashlib.sha256(text.encode()).hexdigest())
