"""The list as the page's script sees it: announced before sending, asked for when it goes on."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import patient_required
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import Refused
from klisza.uploads import presenters, queries
from klisza.uploads.errors import TooMuch
from klisza.uploads.services import delivering, listing, receiving, whose
from klisza.uploads.services.listing import AT_ONCE, Entry

from .door import account_of, body_of, delivery_of, for_scripts, one_of_few

LONGEST_LIST = 4 * 1024 * 1024  # of one request
MOST_PERSONS = 200


@require_http_methods(["GET", "POST"])
@for_scripts
def listed(request: PortalRequest, delivery_id: uuid.UUID) -> JsonResponse:
    """GET: everything that the server knows of the list. POST {"anew": bool, "files": [...]}: adds to it."""
    delivery = delivery_of(request, delivery_id)
    if request.method == "GET":
        return JsonResponse(presenters.standing(delivery) | {"token": get_token(request)})
    asked = _json(request)
    entries = [_entry(one) for one in _rows(asked.get("files"), AT_ONCE)]
    made = listing.add_to_list(
        delivery=delivery, entries=entries, anew=asked.get("anew") is True, by=request.actor
    )
    return JsonResponse({"ids": [str(one) for one in made]}, status=201)


@require_safe
@for_scripts
def progress(request: PortalRequest, delivery_id: uuid.UUID) -> JsonResponse:
    return JsonResponse(presenters.progress(delivery_of(request, delivery_id)))


@require_POST
@for_scripts
def persons(request: PortalRequest, delivery_id: uuid.UUID) -> JsonResponse:
    """{"persons": [{family, given, birth_date}]} -> {"likeness": [same | maybe | other]}; nothing is kept."""
    delivery = delivery_of(request, delivery_id)
    found = [_person(one) for one in _rows(_json(request).get("persons"), MOST_PERSONS)]
    return JsonResponse({"likeness": whose.compare(patient=delivery.patient, persons=found)})


@require_POST
@for_scripts
def batch(request: PortalRequest, delivery_id: uuid.UUID) -> JsonResponse:
    """Four bytes (big-endian) with the length of a JSON list [[file id, size, sha256 or ""]], the list, the files."""
    delivery = delivery_of(request, delivery_id)
    with one_of_few(account_of(request)):
        body = body_of(request)
        if body.length > settings.UPLOAD_PIECE + LONGEST_LIST:
            raise TooMuch
        contents = _contents(body.read(int.from_bytes(body.read(4), "big") & 0xFFFFFF))
        if sum(piece.size for piece in contents) != body.left and not body.cut:
            raise Refused
        answers = receiving.take_batch(delivery=delivery, contents=contents, body=body)
    return JsonResponse({"files": answers})


@require_POST
@patient_required
def answer(request: PortalRequest, file_id: uuid.UUID) -> HttpResponse:
    """ "Is this you?" of the page: one answer for all files with that person."""
    file = queries.file_of(file_id=file_id, account_id=account_of(request).pk)
    delivery_of(request, file.delivery_id)
    if request.POST.get("answer") in ("yes", "no"):
        whose.answer(file=file, is_me=request.POST["answer"] == "yes", by=request.actor)
    return redirect("uploads:receipt", file.delivery_id)


@require_POST
@for_scripts
def remove(request: PortalRequest, file_id: uuid.UUID) -> JsonResponse:
    file = queries.file_of(file_id=file_id, account_id=account_of(request).pk)
    delivery_of(request, file.delivery_id)
    delivering.remove(file=file, by=request.actor)
    return JsonResponse({})


@require_safe
@patient_required
def receipt(request: PortalRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """What was handed in and what became of each file, to look at and to print."""
    delivery = delivery_of(request, delivery_id)
    return render(request, "uploads/receipt.html", presenters.receipt(delivery))


def _json(request: PortalRequest) -> dict[str, Any]:
    body = body_of(request)
    if body.length > LONGEST_LIST:
        raise Refused
    try:
        found = json.loads(body.read(body.length))
    except ValueError:
        raise Refused from None
    if not isinstance(found, dict):
        raise Refused
    return found


def _rows(found: object, most: int) -> list[dict[str, Any]]:
    if not isinstance(found, list) or len(found) > most or not all(isinstance(one, dict) for one in found):
        raise Refused
    return found


def _entry(row: dict[str, Any]) -> Entry:
    size, is_me = row.get("size"), row.get("is_me")
    if type(size) is not int or not 0 <= size < 1 << 50 or is_me not in (None, True, False):
        raise Refused
    path, title, description, mark = (
        str(row.get(name, "")) for name in ("path", "title", "description", "mark")
    )
    return Entry(path=path, size=size, title=title, description=description, mark=mark, is_me=is_me)


def _person(row: dict[str, Any]) -> dict[str, Any]:
    return {name: str(row.get(name, ""))[:200] for name in ("family", "given", "birth_date")}


def _contents(data: bytes) -> list[receiving.Piece]:
    try:
        rows = json.loads(data)
        pieces = [receiving.Piece(str(uuid.UUID(one)), size, str(sha256)) for one, size, sha256 in rows]
    except (ValueError, TypeError):
        raise Refused from None
    if len(pieces) > AT_ONCE or any(type(piece.size) is not int or piece.size < 0 for piece in pieces):
        raise Refused
    return pieces
