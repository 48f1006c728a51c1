"""What the page frame needs to warn before the session ends (trust.md 7.9)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from . import marks, session
from .models import Account


def idle(request: HttpRequest) -> dict[str, Any]:
    account: Account | None = getattr(request, "account", None)
    if account is None:
        return {}
    left = session.left(request, account)
    return {
        "idle": {
            "address": reverse("accounts:alive"),
            "login": reverse("accounts:login"),
            "back": reverse("accounts:back"),
            "who": marks.of_page(account),
            "left": left.seconds,
            "is_final": left.is_final,
            "warning": int(settings.SESSION_WARNING.total_seconds()),
            "whole": int(settings.SESSION_IDLE.total_seconds()),
        }
    }
