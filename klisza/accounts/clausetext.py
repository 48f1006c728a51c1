"""The information clause (GDPR art. 13): one folder per version, one file per language."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from string import Template

import markdown
from django.conf import settings

OURS = Path(__file__).parent / "clauses"


@dataclass(frozen=True)
class Clause:
    """sha256: over the text as shown, with the hospital's name and contact in it."""

    version: str
    language: str
    text: str
    sha256: str

    @property
    def html(self) -> str:
        return to_html(self.text)


def to_html(text: str) -> str:
    """Made from files of the portal or the hospital only; nothing a visitor typed is in it."""
    return markdown.markdown(text)


def current_version() -> str:
    """Versions are named by their date; the newest is the one that must be accepted."""
    return _newest(_folder())


def current(language: str) -> Clause:
    """In the language of the reader, else the hospital's."""
    return _read(_folder(), language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)


def _folder() -> Path:
    """KLISZA_CLAUSES_DIR holds the hospital's own text; read once, a new version needs a restart."""
    return Path(settings.CLAUSES_DIR) if settings.CLAUSES_DIR else OURS


@functools.cache
def _newest(folder: Path) -> str:
    return max(version.name for version in folder.iterdir() if version.is_dir())


@functools.cache
def _read(folder: Path, language: str) -> Clause:
    version = _newest(folder)
    source = folder / version / f"{language}.md"
    if not source.exists():
        language = settings.LANGUAGE_CODE
        source = folder / version / f"{language}.md"
    # The hospital's own text may hold a dollar sign of its own.
    text = Template(source.read_text("utf-8")).safe_substitute(
        hospital=settings.HOSPITAL_NAME or settings.PORTAL_NAME,
        portal=settings.PORTAL_NAME,
        contact=", ".join(
            part for part in (settings.SUPPORT_EMAIL, settings.SUPPORT_PHONE, settings.SUPPORT_HOURS) if part
        ),
    )
    return Clause(version, language, text, hashlib.sha256(text.encode()).hexdigest())
