"""The inbox of what patients hand in: looking at it, accepting or refusing, where it was forwarded; own documents."""

from __future__ import annotations

import uuid
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.archive import queries as archive
from klisza.archive import services as archiving
from klisza.archive.models import Forward
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage, NotFound, Refused
from klisza.console.forms.deliveries import VERDICTS, DecideForm, DocumentForm
from klisza.console.presenters import deliveries as shown
from klisza.console.queries import deliveries as queries
from klisza.console.readers import DESK, reader
from klisza.documents import queries as documents
from klisza.examinations import panes
from klisza.examinations.answers import file_response, png_response
from klisza.examinations.services import add_hospital_document
from klisza.patients import queries as patients
from klisza.uploads import queries as uploads
from klisza.uploads import virus
from klisza.uploads.models import Delivery
from klisza.uploads.services import taking


@require_safe
@reader["deliveries"]
def deliveries(request: PortalRequest) -> HttpResponse:
    record("staff.deliveries_viewed", by=request.actor)
    context = {
        "rows": [shown.row(one) for one in uploads.inbox()],
        "left_lying": uploads.left_lying(),
        "scanner": virus.is_on(),
        "stuck": [shown.row(one) for one in uploads.not_forwarded()],
        "decided": [shown.row(one) for one in uploads.decided()],
    }
    return render(request, "console/deliveries.html", context)


@require_safe
@reader["deliveries"]
def delivery(request: PortalRequest, delivery_id: uuid.UUID) -> HttpResponse:
    row = uploads.for_staff(delivery_id)
    return _page(request, row, _form(row))


def _page(request: PortalRequest, row: Delivery, form: DecideForm, status: int = 200) -> HttpResponse:
    record("delivery.viewed", by=request.actor, patient_id=row.patient_id, objects=[row])
    decided = uploads.decided_files(row)
    discs = [shown.disc(one, decided) for one in uploads.discs(row)]
    papers = [shown.paper(one, decided) for one in uploads.papers(row)]
    context = {
        "delivery": row,
        "row": shown.row(row),
        "patient": row.patient,
        "progress": uploads.progress_of(row),
        "discs": discs,
        "papers": papers,
        "aside": [shown.aside(one) for one in uploads.set_aside(row)],
        "decisions": [shown.decision(one) for one in uploads.takeovers(row)],
        "form": form,
        "is_open": any(one.is_open for one in discs) or any(one.is_open for one in papers),
        "has_other_person": any(not one.is_safe for one in discs),
    }
    return render(request, "console/delivery.html", context, status=status)


def _form(row: Delivery, data: QueryDict | None = None) -> DecideForm:
    return DecideForm(
        data,
        examinations=queries.choices_of(row.patient),
        peers=[peer.name for peer in archive.receivers()],
        has_images=bool(uploads.discs(row)),
    )


@require_POST
@reader["deliveries"]
def decide(request: PortalRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """`files`: a paper's id, or that of a disc's first file, which stands for all of the study."""
    row = uploads.for_staff(delivery_id)
    form, verdict = _form(row, request.POST), request.POST.get("verdict", "")
    if verdict not in VERDICTS:
        raise NotFound
    if not form.is_valid():
        return _page(request, row, form, 400)
    given = form.cleaned_data
    try:
        taking.decide(
            delivery=row,
            file_ids=queries.files_meant(row, request.POST.getlist("files")),
            verdict=verdict,
            message=given["message"],
            examination=queries.examination_of(row.patient, given.get("examination", "")),
            accession_number=given.get("accession_number", ""),
            peer=archive.peer_named(given["peer"]) if given.get("peer") else None,
            reason=given.get("reason", ""),
            by=request.actor,
            by_account=request.account,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, row, form, 400)
    said = (
        _("Accepted. The images and documents are being taken over.")
        if verdict == "accepted"
        else _("Not taken.")
    )
    messages.success(request, said)
    return redirect("console:delivery", row.pk)


@require_safe
@reader["deliveries"]
def paper(request: PortalRequest, delivery_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponse:
    """A PDF or photo as pictures of its pages: nothing of a stranger's file runs in a browser of the staff (R32)."""
    row = uploads.for_staff(delivery_id)
    file = uploads.file_for_staff(row, file_id)
    document = documents.handed_in_as(file.pk)
    record("document.opened", by=request.actor, patient_id=row.patient_id, objects=[document or file])
    context = {
        "delivery": row,
        "file": file,
        "document": document,
        "pages": documents.pages_of(document) if document and document.rendered_at else [],
    }
    return render(request, "console/delivery_file.html", context)


@require_safe
@reader["deliveries"]
def paper_page(
    request: PortalRequest, delivery_id: uuid.UUID, file_id: uuid.UUID, number: int
) -> HttpResponseBase:
    file = uploads.file_for_staff(uploads.for_staff(delivery_id), file_id)
    document = documents.handed_in_as(file.pk)
    if document is None:
        raise NotFound
    return png_response(documents.page(document, number).image)


@require_safe
@reader["deliveries"]
def download(request: PortalRequest, delivery_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponseBase:
    """Always saved, never opened; a PDF without what acts in it."""
    row = uploads.for_staff(delivery_id)
    file = uploads.file_for_staff(row, file_id)
    document = documents.handed_in_as(file.pk)
    blob = (document and document.cleaned) or file.blob
    if blob is None or document is None or document.rendered_at is None:
        raise NotFound
    record("document.downloaded", by=request.actor, patient_id=row.patient_id, objects=[document])
    extension = panes.extension_of(document)
    return file_response(blob, f"dokument-{str(file.pk)[-6:]}.{extension}", media_type=document.media_type)


@require_POST
@reader["deliveries"]
def send_again(request: PortalRequest, delivery_id: uuid.UUID, forward_id: uuid.UUID) -> HttpResponse:
    archiving.send_again(forward=_forward(delivery_id, forward_id), by=request.actor)
    messages.success(request, _("The archive is asked again; what is missing there is sent again."))
    return redirect("console:delivery", delivery_id)


@require_POST
@reader["deliveries"]
def noted(request: PortalRequest, delivery_id: uuid.UUID, forward_id: uuid.UUID) -> HttpResponse:
    """Somebody has brought the images there in another way, or asked by telephone."""
    archiving.note_forward(forward=_forward(delivery_id, forward_id), by=request.actor)
    messages.success(request, _("Noted as done."))
    return redirect("console:delivery", delivery_id)


def _forward(delivery_id: uuid.UUID, forward_id: uuid.UUID) -> Forward:
    """Raises NotFound for that of another delivery."""
    row = uploads.for_staff(delivery_id)
    forward = archive.forward(forward_id)
    if forward is None or forward.subject not in {one.pk for one in uploads.takeovers(row)}:
        raise NotFound
    return forward


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(*DESK)
def add_document(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """A document of the hospital, from a file: announced like a result (S39)."""
    person = patients.survivor(patients.get(patient_id))
    form = DocumentForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_bound and form.is_valid() and _added(request, form, person):
        messages.success(
            request, _("The document stands in “My documents” of the patient, who is told of it.")
        )
        return redirect("console:patient", person.pk)
    context = {"patient": person, "name": patients.full_name(person), "form": form}
    return render(request, "console/add_document.html", context, status=400 if form.is_bound else 200)


def _added(request: PortalRequest, form: DocumentForm, person: Any) -> bool:
    given = form.cleaned_data
    at = datetime.combine(given["issued_at"], time(12), clock.local_zone())
    try:
        add_hospital_document(
            patient=person, title=given["title"], data=given["file"].read(), issued_at=at, by=request.actor
        )
    except BadMessage:
        form.add_error("file", _("Only a PDF, or a photo or scan, can be added."))
        return False
    return True
