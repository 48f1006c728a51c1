"""tus 1.0.0 (tus.io/protocols/resumable-upload): core, creation, creation-with-upload, checksum, expiration,
termination. No concatenation, no deferred length (R35)."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_http_methods

from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound, Refused
from klisza.uploads import queries
from klisza.uploads.models import HandedFile, Upload
from klisza.uploads.services import listing, receiving
from klisza.uploads.services.receiving import Checksum

from .door import account_of, body_of, delivery_of, for_scripts, one_of_few, require_right

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
BODY = "application/offset+octet-stream"
View = Callable[..., HttpResponseBase]


def speaks_tus(view: View) -> View:
    @wraps(view)
    def answered(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            response: HttpResponseBase = HttpResponse(status=412, headers={"Tus-Version": VERSION})
        else:
            response = view(request, *args, **kwargs)
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


@require_http_methods(["OPTIONS", "POST"])
@speaks_tus
@for_scripts
def collection(request: PortalRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={
            "Tus-Version": VERSION, "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.UPLOAD_BYTES_MOST),
            "Tus-Checksum-Algorithm": ",".join(receiving.ALGORITHMS),
        })  # fmt: skip
    if "Upload-Concat" in request.headers or "Upload-Defer-Length" in request.headers:
        raise Refused
    length = _number(request, "Upload-Length")
    checksum = _checksum(request)
    file = _file(request, length)
    upload = receiving.open_upload(file=file, account=account_of(request), length=length)
    if request.content_type == BODY and upload.offset == 0 and length:
        with one_of_few(account_of(request)):
            receiving.append(upload=upload, offset=0, body=body_of(request), checksum=checksum)
    headers = {"Location": reverse("uploads:upload", args=[upload.pk]), "Upload-Offset": str(upload.offset)}
    return HttpResponse(status=201, headers=headers | _expires(upload))


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@speaks_tus
@for_scripts
def one(request: PortalRequest, key: str) -> HttpResponse:
    upload = receiving.upload_of(key=key, account=account_of(request))
    require_right(request, upload.file.delivery)
    if request.method == "HEAD":
        headers = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.length)}
        return HttpResponse(status=200, headers=headers | _expires(upload))
    if request.method == "DELETE":
        receiving.terminate(upload=upload)
        return HttpResponse(status=204)
    if request.content_type != BODY:
        return HttpResponse(status=415)
    offset, checksum = _number(request, "Upload-Offset"), _checksum(request)
    with one_of_few(account_of(request)):
        reached = receiving.append(upload=upload, offset=offset, body=body_of(request), checksum=checksum)
    return HttpResponse(status=204, headers={"Upload-Offset": str(reached)} | _expires(upload))


def _file(request: PortalRequest, length: int) -> HandedFile:
    """`file` in the metadata names an entry of the list; else `delivery` and `filename` make one."""
    words = _metadata(request)
    try:
        if "file" in words:
            file = queries.file_of(file_id=uuid.UUID(words["file"]), account_id=account_of(request).pk)
            require_right(request, file.delivery)
            return file
        delivery = delivery_of(request, uuid.UUID(words.get("delivery", "")))
    except ValueError:
        raise NotFound from None
    entry = listing.Entry(
        path=words.get("filename", ""), size=length, title=words.get("title", ""),
        description=words.get("description", ""),
    )  # fmt: skip
    made = listing.add_to_list(delivery=delivery, entries=[entry], anew=False, by=request.actor)
    return queries.file_of(file_id=made[0], account_id=account_of(request).pk)


def _metadata(request: PortalRequest) -> dict[str, str]:
    """Upload-Metadata: key and Base64 value, pairs divided by commas."""
    words: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            words[key] = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            raise Refused from None
    return words


def _number(request: PortalRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Refused
    return int(value)


def _checksum(request: PortalRequest) -> Checksum | None:
    header = request.headers.get("Upload-Checksum", "")
    if not header:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refused from None
    if algorithm not in receiving.ALGORITHMS:
        raise Refused
    return Checksum(algorithm, digest)


def _expires(upload: Upload) -> dict[str, str]:
    return (
        {} if upload.offset == upload.length else {"Upload-Expires": http_date(upload.expires_at.timestamp())}
    )
