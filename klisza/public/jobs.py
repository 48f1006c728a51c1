"""The instruction's PDF is there before anybody asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings

from . import services

MINUTE = 60.0
_BEGAN = time.monotonic()


def run_instructions() -> int:
    """Make the PDF of each language that is missing; returns how many were made.

    Typesetting takes seconds of a processor: not in the first minute of a start, which belongs to whoever waits
    for a page. A reader who comes sooner has it made at once.
    """
    if time.monotonic() - _BEGAN < MINUTE:
        return 0
    missing = [code for code, _ in settings.LANGUAGES if services.pdf_size(code) is None]
    for language in missing:
        services.make_pdf(language)
    return len(missing)


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = ((MINUTE, run_instructions),)
