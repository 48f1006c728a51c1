"""Objects that came in and cannot be shown: what is in conflict with what, and the end of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.archive import services as archive
from klisza.audit.services import record
from klisza.console import queries
from klisza.console.forms.work import ReasonForm
from klisza.console.presenters import objects as shown
from klisza.console.readers import reader


@require_safe
@reader["objects"]
def objects(request: PortalRequest) -> HttpResponse:
    rows = [shown.line(row) for row in queries.quarantined()]
    return render(request, "console/objects.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@reader["objects"]
def one(request: PortalRequest, object_id: uuid.UUID) -> HttpResponse:
    """What differs, patient included: whoever looks stands in the audit. A POST ends it."""
    row = queries.quarantined_object(object_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        archive.dismiss(row=row, reason=form.cleaned_data["reason"], by=request.actor)
        messages.success(request, _("Noted. The object is off the list; its bytes are kept."))
        return redirect("console:objects")
    record("staff.object_viewed", by=request.actor, objects=[row])
    context = {
        "line": shown.line(row),
        "found": shown.comparison(archive.compare(row)),
        "study": row.instance.series.study_id if row.instance else row.study_id,
        "form": form,
    }
    return render(request, "console/object.html", context, status=400 if form.is_bound else 200)
