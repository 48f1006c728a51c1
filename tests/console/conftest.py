from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper


@pytest.fixture(autouse=True)
def staff_listener(settings: SettingsWrapper) -> None:
    settings.LISTENER = "staff"
    settings.ROOT_URLCONF = "klisza.config.urls_staff"
