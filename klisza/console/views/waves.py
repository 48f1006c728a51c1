"""Invitations after the initial load: start, figures, stop (S7)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts.middleware import PortalRequest
from klisza.console.forms.waves import WaveForm
from klisza.console.queries import waves as queries
from klisza.console.readers import reader
from klisza.patients import services as patients


@require_http_methods(["GET", "HEAD", "POST"])
@reader["waves"]
def waves(request: PortalRequest) -> HttpResponse:
    form = WaveForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        patients.start_wave(**form.cleaned_data, by=request.actor)
        messages.success(
            request, _("Started. The first invitations leave in the next minutes of the working day.")
        )
        return redirect("console:waves")
    context = {"rows": queries.waves(), "form": form, "without_account": queries.without_account()}
    return render(request, "console/waves.html", context, status=400 if form.is_bound else 200)


@require_POST
@reader["waves"]
def stop(request: PortalRequest, wave_id: uuid.UUID) -> HttpResponse:
    patients.stop_wave(wave=queries.wave(wave_id), by=request.actor)
    messages.success(request, _("Stopped. Who was invited stays invited."))
    return redirect("console:waves")
