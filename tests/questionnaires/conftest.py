from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper


@pytest.fixture
def staff_pages(settings: SettingsWrapper) -> None:
    """The staff listener; tests of the patient's pages do without it."""
    settings.LISTENER = "staff"
    settings.ROOT_URLCONF = "klisza.config.urls_staff"
