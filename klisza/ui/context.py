"""What every page knows about the portal."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import get_language_info


def portal(request: HttpRequest | None) -> dict[str, Any]:
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "support": {
            "email": settings.SUPPORT_EMAIL,
            "phone": settings.SUPPORT_PHONE,
            "hours": settings.SUPPORT_HOURS,
        },
        "demo": settings.DEMO,
        "listener": settings.LISTENER,
        "languages": [(code, own_name(code)) for code, _ in settings.LANGUAGES],
    }


def own_name(code: str) -> str:
    """A language is called by its speakers' word for it: who looks for it may read no other."""
    return str(capfirst(get_language_info(code)["name_local"]))
