"""Who is looking: every page of this app starts here."""

from __future__ import annotations

from django.http import HttpRequest

from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer


def viewer_of(request: HttpRequest) -> Viewer:
    return patients.viewer_for(request.account, request.actor)  # type: ignore[attr-defined]
