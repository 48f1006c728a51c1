"""What every page knows about the portal."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "support": {"email": settings.SUPPORT_EMAIL, "phone": settings.SUPPORT_PHONE, "hours": settings.SUPPORT_HOURS},
        "demo": settings.DEMO,
        "listener": settings.LISTENER,
        "languages": settings.LANGUAGES,
    }
