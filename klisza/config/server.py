"""One port for pages and pixels: a bare WSGI fast path in front of Django (docs/adr/0006)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

from klisza.operations.lifeline import end_with
from klisza.ui.static_headers import add_static_headers

STATIC_SECONDS = 300  # names without a digest: an upgrade reaches every browser within minutes
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

if settings.ROLE == "web":
    end_with(os.getppid())  # granian's workers outlive a granian that was killed

pages = WhiteNoise(
    get_wsgi_application(),
    root=settings.STATIC_ROOT,
    prefix=settings.STATIC_URL,
    max_age=STATIC_SECONDS,
    immutable_file_test=r"/built/assets/",
    add_headers_function=add_static_headers,
)

# After get_wsgi_application(): the archive has models.
from klisza.archive.dicomweb import application as dicomweb  # noqa: E402


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Images never pass Django's middleware; of the image doors the staff listener has the one for tickets only."""
    if environ["REQUEST_METHOD"] not in METHODS:  # TRACE would echo cookies (R38)
        start_response(
            "405 Method Not Allowed", [("Allow", ", ".join(sorted(METHODS))), ("Content-Length", "0")]
        )
        return []
    door = "/dicom-web/t/" if settings.STAFF else "/dicom-web/"
    if environ.get("PATH_INFO", "").startswith(door):
        return dicomweb(environ, start_response)
    return pages(environ, start_response)
