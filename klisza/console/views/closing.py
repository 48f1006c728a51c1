"""Accounts whose owners want them closed; they close by themselves some days later."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts import queries as accounts
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.console.readers import reader
from klisza.patients import queries as patients
from klisza.patients import services


@require_safe
@reader["closing"]
def closing(request: PortalRequest) -> HttpResponse:
    record("staff.closing_viewed", by=request.actor)
    rows = [(wish, patients.patient_of(wish.account)) for wish in accounts.closing_requests()]
    return render(request, "console/closing.html", {"rows": rows})


@require_POST
@reader["closing"]
def close(request: PortalRequest, request_id: uuid.UUID) -> HttpResponse:
    services.close_asked(request_id=request_id, by=request.actor)
    messages.success(request, _("The account is closed; its owner gets a mail."))
    return redirect("console:closing")
