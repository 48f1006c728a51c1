"""One port for pages and pixels: a bare WSGI fast path in front of Django (docs/adr/0006)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

from klisza.ui.static_headers import add_static_headers

pages = WhiteNoise(
    get_wsgi_application(),
    root=settings.STATIC_ROOT,
    prefix=settings.STATIC_URL,
    max_age=86_400,
    immutable_file_test=r"/built/assets/",
    add_headers_function=add_static_headers,
)

# After get_wsgi_application(): the archive has models.
from klisza.archive.dicomweb import application as dicomweb  # noqa: E402


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Images never pass Django's middleware; the staff listener has no image doors of machines."""
    if environ.get("PATH_INFO", "").startswith("/dicom-web/"):
        return dicomweb(environ, start_response)
    return pages(environ, start_response)
