"""What the editor of scans sends: its pages, and photos that the browser cannot open by itself."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klisza.accounts.decorators import patient_required
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import Refused
from klisza.uploads import queries
from klisza.uploads.services import scanning


@require_POST
@patient_required
def scan(request: PortalRequest, delivery_id: uuid.UUID) -> JsonResponse:
    """multipart: `page` (JPEG) and `note` for each page, `title`, `description`."""
    assert request.account is not None  # noqa: S101 - tells the type checker
    delivery = queries.delivery_of(delivery_id=delivery_id, account_id=request.account.pk)
    pages, notes = request.FILES.getlist("page"), request.POST.getlist("note")
    sheets = [
        scanning.Sheet(page.chunks(), page.size or 0, notes[number] if number < len(notes) else "")
        for number, page in enumerate(pages)
    ]
    try:
        file = scanning.add_scan(
            delivery=delivery,
            sheets=sheets,
            title=request.POST.get("title", ""),
            description=request.POST.get("description", ""),
            by=request.actor,
        )
    except Refused as refusal:
        return JsonResponse({"reason": refusal.sentence}, status=refusal.status)
    said = {
        "id": str(file.pk),
        "name": file.name,
        "title": file.title,
        "description": file.description,
        "size": file.size,
        "pages": file.facts["pages"],
    }
    return JsonResponse(said, status=201)


@require_POST
@patient_required
def picture(request: PortalRequest, delivery_id: uuid.UUID) -> HttpResponse:
    assert request.account is not None  # noqa: S101 - tells the type checker
    queries.delivery_of(delivery_id=delivery_id, account_id=request.account.pk)
    photo = request.FILES.get("picture")
    if photo is None:
        return JsonResponse({"reason": _("There is no picture.")}, status=400)
    try:
        jpeg = scanning.decoded(pieces=photo.chunks(), size=photo.size or 0)
    except Refused as refusal:
        return JsonResponse({"reason": refusal.sentence}, status=refusal.status)
    return HttpResponse(jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
