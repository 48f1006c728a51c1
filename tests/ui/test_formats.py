from __future__ import annotations

from datetime import date, datetime

import pytest
from django.utils.formats import date_format
from django.utils.translation import override


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_short_dates_have_dots(language: str) -> None:
    """trust.md 7.15."""
    with override(language):
        assert date_format(date(2026, 11, 23), "SHORT_DATE_FORMAT") == "23.11.2026"
        assert date_format(datetime(2026, 11, 23, 7, 5), "SHORT_DATETIME_FORMAT") == "23.11.2026, 07:05"


def test_long_dates_are_polish() -> None:
    with override("pl"):
        assert date_format(date(2026, 11, 23)) == "23 listopada 2026"
