"""The instruction's PDF is there before anybody asks for it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from . import services

HOUR = 3600.0


def run_instructions() -> int:
    """Make the PDF of each language that is missing; returns how many were made."""
    missing = [code for code, _ in settings.LANGUAGES if services.pdf_size(code) is None]
    for language in missing:
        services.make_pdf(language)
    return len(missing)


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = ((HOUR, run_instructions),)
