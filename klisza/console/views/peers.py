"""Senders of messages and of images: who is on the list, entering, removing, C-ECHO."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.archive import services as archive
from klisza.archive.errors import PeerExists
from klisza.audit.services import record
from klisza.base.errors import Refused
from klisza.console.forms.peers import DicomPeerForm, Hl7PeerForm
from klisza.console.presenters import words
from klisza.console.queries import peers as queries
from klisza.console.readers import reader
from klisza.gateways import services as gateways
from klisza.gateways.dicom.echo import echo as c_echo
from klisza.gateways.errors import SenderExists


@require_safe
@reader["peers"]
def peers(request: PortalRequest) -> HttpResponse:
    return _page(request, _dicom_form(), _hl7_form())


def _page(
    request: PortalRequest, dicom_form: DicomPeerForm, hl7_form: Hl7PeerForm, status: int = 200
) -> HttpResponse:
    context = {
        "devices": queries.devices(),
        "senders": queries.senders(),
        "dicom_form": dicom_form,
        "hl7_form": hl7_form,
        "form": dicom_form if dicom_form.is_bound else hl7_form,
        "ae_title": settings.AE_TITLE,
    }
    return render(request, "console/peers.html", context, status=status)


def _dicom_form(data: QueryDict | None = None) -> DicomPeerForm:
    return DicomPeerForm(data, auto_id="dicom-%s")


def _hl7_form(data: QueryDict | None = None) -> Hl7PeerForm:
    return Hl7PeerForm(data, auto_id="hl7-%s")


@require_POST
@reader["peers"]
def add_dicom(request: PortalRequest) -> HttpResponse:
    form = _dicom_form(request.POST)
    if form.is_valid():
        try:
            archive.add_peer(**form.cleaned_data, by=request.actor)
        except PeerExists:
            form.add_error("name", _("There is an entry with this name already."))
        except Refused:
            form.add_error(
                "stow_url", _("This address, user name and password or token do not fit together.")
            )
        else:
            messages.success(request, _("%(name)s may send images now.") % form.cleaned_data)
            return redirect("console:peers")
    return _page(request, form, _hl7_form(), status=400)


@require_POST
@reader["peers"]
def add_hl7(request: PortalRequest) -> HttpResponse:
    form = _hl7_form(request.POST)
    if form.is_valid():
        try:
            _add_sender(form, request)
        except SenderExists:
            form.add_error("name", _("There is an entry with this name already."))
        else:
            messages.success(request, _("%(name)s may send messages now.") % form.cleaned_data)
            return redirect("console:peers")
    return _page(request, _dicom_form(), form, status=400)


def _add_sender(form: Hl7PeerForm, request: PortalRequest) -> None:
    given = form.cleaned_data
    gateways.add_sender(
        name=given["name"],
        address=given["address"],
        certificate_name=given["certificate_name"],
        application=given["sending_application"],
        facility=given["sending_facility"],
        charset=given["charset"],
        issuer=given["issuer"],
        frame_mb=given["frame_mb"],
        quiet=given["is_quiet"],
        by=request.actor,
    )


@require_POST
@reader["peers"]
def remove_dicom(request: PortalRequest, pk: int) -> HttpResponse:
    archive.remove_peer(name=queries.device(pk).name, by=request.actor)
    messages.success(request, _("Removed. What it sent stays."))
    return redirect("console:peers")


@require_POST
@reader["peers"]
def remove_hl7(request: PortalRequest, pk: int) -> HttpResponse:
    gateways.remove_sender(name=queries.sender(pk).name, by=request.actor)
    messages.success(request, _("Removed. What it sent stays."))
    return redirect("console:peers")


@require_POST
@reader["peers"]
def echo(request: PortalRequest, pk: int) -> HttpResponse:
    """C-ECHO from here to there: is it reachable, and does it know our title?"""
    device = queries.device(pk)
    result = c_echo(device)
    record(
        "peer.echoed",
        by=request.actor,
        objects=[device],
        outcome="success" if result.ok else "failed",
        reason=result.reason,
    )
    named = {"name": device.name, "ms": result.milliseconds, "why": words.word(words.ECHO, result.reason)}
    if result.ok:
        messages.success(request, _("%(name)s answered C-ECHO after %(ms)d ms.") % named)
    else:
        messages.warning(request, _("%(name)s: C-ECHO failed. %(why)s") % named)
    return redirect("console:peers")
