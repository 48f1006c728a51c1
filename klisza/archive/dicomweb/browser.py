"""What a browser gets for a ticket; every UID in the path is one of ours (2.25.<our id>)."""

from __future__ import annotations

import gzip
import hashlib
import json
import uuid
from dataclasses import replace

from django.conf import settings
from django.http.cookie import parse_cookie

from klisza.archive import tickets
from klisza.archive.queries import REPORT_CLASSES
from klisza.base.errors import NotFound, Unavailable
from klisza.base.ids import from_opaque_uid
from klisza.blobs import services as blobs

from .accept import frame_form
from .answers import Answer, Environ, Problem, bytes_of, multipart_type, of_bytes, part_head, ranged
from .index import Entry, Image, Row, index, kept_metadata

FRAME_DIGITS = 6


def answer(parts: list[str], environ: Environ) -> Answer:
    """parts: the path after /dicom-web/t/. A study outside the ticket answers as one that does not exist."""
    if len(parts) < 5 or parts[1] != "studies" or parts[3] != "series":
        raise NotFound
    ticket = tickets.check(parts[0])
    if not any(tickets.is_of_session(ticket, one) for one in _sessions(environ)):
        raise tickets.TicketRefused
    study_id = from_opaque_uid(parts[2])
    if study_id is None or study_id not in ticket.study_ids:
        raise NotFound
    series_id = from_opaque_uid(parts[4])
    if not tickets.covers(ticket, series_id):
        raise NotFound
    entry = index.study(study_id)
    row = _without_reports(entry.row(series_id))
    rest = parts[5:]
    if len(rest) == 4 and rest[0] == "instances" and rest[2] == "frames":
        return _frame(row, from_opaque_uid(rest[1]), rest[3], environ)
    if rest == ["metadata"]:
        return _metadata(row, environ)
    if rest in (["thumbnail"], ["rendered"]):
        return _picture(entry, row, thumbnail=rest == ["thumbnail"])
    raise NotFound


def _without_reports(row: Row) -> Row:
    """This door shows pictures. A report that is an object of the study is read as a report only, past a gate
    of its own (R63). Raises NotFound when nothing else is in the series.
    """
    if not row.has_reports:
        return row
    images = {key: one for key, one in row.images.items() if not one.class_uid.startswith(REPORT_CLASSES)}
    if not images:
        raise NotFound
    return replace(row, images=images, has_hidden=True)


def _sessions(environ: Environ) -> list[str]:
    """Names of the browser's sign-in and of its visit as a guest; compared with the ticket's digest, never
    looked up.
    """
    cookies = parse_cookie(environ.get("HTTP_COOKIE", ""))
    return [cookies.get(name, "") for name in (settings.SESSION_COOKIE_NAME, settings.GUEST_COOKIE_NAME)]


def _frame(row: Row, instance_id: uuid.UUID | None, number: str, environ: Environ) -> Answer:
    image = row.images.get(instance_id) if instance_id else None
    if image is None or not number.isascii() or not number.isdigit() or len(number) > FRAME_DIGITS:
        raise NotFound
    blob, pieces = image.for_browser(int(number) - 1)
    if not pieces:
        raise NotFound
    form = frame_form(environ.get("HTTP_ACCEPT", ""), image.frame_syntax, multipart_by_default=False)
    if form is None:
        raise Problem(406)
    data = bytes_of(blob, pieces)
    media_type = f"{form[1]}; transfer-syntax={image.frame_syntax}"
    if not form[0]:
        return ranged(data, media_type, environ.get("HTTP_RANGE", ""))
    return _in_one_part(data, media_type, form[1], image, number, environ.get("HTTP_RANGE", ""))


def _in_one_part(data: bytes, media_type: str, type_: str, image: Image, number: str, wanted: str) -> Answer:
    # The same boundary each time, so that byte ranges of several requests fit together; the blob's key
    # keeps it secret.
    boundary = hashlib.sha256(f"{image.blob}/{number}".encode()).hexdigest()[:32]
    head, tail = part_head(boundary, media_type, len(data)), f"\r\n--{boundary}--\r\n".encode()
    whole = multipart_type(type_, boundary)
    if wanted:
        return ranged(head + data + tail, whole, wanted)
    length = len(head) + len(data) + len(tail)
    return Answer([head, data, tail], length, whole, headers=[("Accept-Ranges", "bytes")])


def _metadata(row: Row, environ: Environ) -> Answer:
    if row.metadata is None:
        raise Unavailable("metadata", retry_after=2)
    packed = blobs.read(row.metadata)
    if row.has_hidden:
        items = kept_metadata(json.loads(gzip.decompress(packed)), row, opaque=True)
        packed = gzip.compress(json.dumps(items, separators=(",", ":")).encode(), 6)
    vary = ("Vary", "Accept-Encoding")
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        return of_bytes(packed, "application/dicom+json", ("Content-Encoding", "gzip"), vary)
    return of_bytes(gzip.decompress(packed), "application/dicom+json", vary)


def _picture(entry: Entry, row: Row, *, thumbnail: bool) -> Answer:
    key = row.thumbnail if thumbnail else row.preview
    # A preview may show an instance that was hidden after it was made.
    if key is None or (row.has_hidden and not entry.derived):
        raise NotFound
    return of_bytes(blobs.read(key), "image/jpeg")
