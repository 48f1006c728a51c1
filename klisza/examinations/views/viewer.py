"""Who is looking: every page of this app starts here."""

from __future__ import annotations

from django.http import HttpRequest

from klisza.patients import acting
from klisza.patients.viewer import Viewer


def viewer_of(request: HttpRequest) -> Viewer:
    return acting.viewer_of(request)
