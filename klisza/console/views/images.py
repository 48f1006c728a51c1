"""Images that the portal keeps and shows to nobody, until staff say whose they are."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.console import queries
from klisza.console.presenters import words
from klisza.console.readers import reader


@require_safe
@reader["studies"]
def studies(request: PortalRequest) -> HttpResponse:
    record("staff.unmatched_viewed", by=request.actor)
    rows = [(intake, words.word(words.REASONS, intake.reason)) for intake in queries.unmatched()]
    return render(request, "console/studies.html", {"rows": rows})
