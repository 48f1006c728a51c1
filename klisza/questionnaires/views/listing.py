from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required


@require_safe
@patient_required
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "questionnaires/list.html")
