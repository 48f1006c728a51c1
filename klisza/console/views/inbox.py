"""Messages from the hospital's systems: the newest, those that wait, those that failed, one by itself."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.base import sealing
from klisza.console.forms.inbox import SearchForm, TryForm
from klisza.console.presenters import inbox as shown
from klisza.console.queries import inbox
from klisza.console.readers import CONTENT, DESK, MESSAGE, may_read, reader
from klisza.gateways import queries as gateways
from klisza.gateways.hl7v2 import router
from klisza.gateways.models import InboundMessage


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@reader["integration"]
def integration(request: PortalRequest) -> HttpResponse:
    """The search is a POST: a patient's number stays out of addresses and logs."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    context = _page(request) | {"form": form}
    if form.is_bound and form.is_valid():
        wanted = form.cleaned_data
        found = inbox.search(**wanted)
        digest = sealing.digest("\n".join(wanted.values()), purpose="message search")[:16]
        record("messages.searched", by=request.actor, reason=f"{digest}, {len(found)} found")
        context |= {"rows": [shown.line(row) for row in found], "older": None, "searched": True}
    return render(request, "console/integration.html", context)


@require_safe
@reader["held"]
def held(request: PortalRequest) -> HttpResponse:
    return render(request, "console/held.html", _page(request, InboundMessage.State.HELD))


@require_safe
@reader["failed"]
def failed(request: PortalRequest) -> HttpResponse:
    return render(request, "console/failed.html", _page(request, InboundMessage.State.FAILED))


def _page(request: PortalRequest, state: str = "") -> dict[str, object]:
    """`before` is a row's number, no person's."""
    before = request.GET.get("before", "")
    found = inbox.messages(before=int(before) if before.isdecimal() else None, state=state)
    older = found[inbox.PAGE - 1].pk if len(found) > inbox.PAGE else None
    return {"rows": [shown.line(row) for row in found[: inbox.PAGE]], "older": older}


@require_safe
@staff_required(*MESSAGE)
def message(request: PortalRequest, uid: uuid.UUID) -> HttpResponse:
    """Who sees the content sees a patient: each look is recorded."""
    row = inbox.message(uid)
    with_content = may_read(request, *CONTENT)
    patient = inbox.patient_of(row)
    context = {
        "line": shown.line(row),
        "message": row,
        "work": [shown.work_line(item) for item in inbox.work_of(row)],
        "may_replay": may_read(request, "integration"),
        "with_content": with_content,
        "patient": patient if may_read(request, *DESK) else None,
        "examinations": inbox.examinations_of(row) if may_read(request, "clinic") else [],
    }
    if with_content:
        record("message.viewed", by=request.actor, patient_id=patient.pk if patient else None, objects=[row])
        context["segments"] = shown.segments(
            gateways.raw_of(row), charset=row.peer.charset if row.peer else ""
        )
    return render(request, "console/message.html", context)


@require_POST
@reader["integration"]
def replay(request: PortalRequest, uid: uuid.UUID) -> HttpResponse:
    row = router.replay(inbox.message(uid), by=request.actor)
    state = shown.line(row).state
    messages.success(request, _("Replayed. State of the message now: %(state)s.") % {"state": state})
    return redirect("console:message", uid)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@reader["integration"]
def attempt(request: PortalRequest) -> HttpResponse:
    """What a pasted message would do. Neither the message nor its effects are kept."""
    form = TryForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        peer = form.cleaned_data["peer"]
        raw = shown.encoded(form.cleaned_data["text"], charset=peer.charset if peer else "")
        preview = router.dry_run(raw, peer)
        record("message.tried", by=request.actor, reason=f"{preview.answer} {preview.code}".strip())
        context["preview"] = shown.preview(preview, raw)
    return render(request, "console/try.html", context, status=400 if form.errors else 200)
