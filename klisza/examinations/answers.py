"""Bytes that did not come from us, on their way to a browser: never cached, never at home here."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from klisza.blobs import services as blobs
from klisza.blobs.models import Blob

# A PDF has no origin of ours in either case. One that is shown for printing is opened by the browser's own
# reader,
# which must run its scripts and its print dialog.
REST = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
DOWNLOAD_POLICY = f"default-src 'none'; sandbox; {REST}"
PRINT_POLICY = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; "
    f"sandbox allow-scripts allow-modals allow-downloads; {REST}"
)


PDF = "application/pdf"


def file_response(blob: Blob, name: str, *, media_type: str = PDF, inline: bool = False) -> HttpResponseBase:
    """The sender's bytes. Only a PDF is ever opened in the browser; what else there is, is saved."""
    body = StreamingHttpResponse(blobs.stream(blob.key), content_type=media_type)
    body.headers["Content-Length"] = str(blob.size)
    return _guarded(body, name, inline=inline and media_type == PDF)


def made_pdf_response(pdf: bytes, name: str, *, inline: bool) -> HttpResponseBase:
    """What the portal made of a text."""
    return _guarded(HttpResponse(pdf, content_type=PDF), name, inline=inline)


def _guarded(response: HttpResponseBase, name: str, *, inline: bool) -> HttpResponseBase:
    response.headers["Content-Disposition"] = content_disposition_header(not inline, name) or "attachment"
    response.headers["Content-Security-Policy"] = PRINT_POLICY if inline else DOWNLOAD_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def png_response(blob: Blob) -> HttpResponseBase:
    response = HttpResponse(blobs.read(blob.key), content_type="image/png")
    response.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response
