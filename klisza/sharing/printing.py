"""The slip: two sheets as a PDF, made in the sandbox; its link and PIN exist on it alone."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from klisza.base import clock, sandbox
from klisza.base.errors import SandboxFailed, Unavailable

from .services.telling import link

SECONDS = 20
STYLE = Path(__file__).parent / "static" / "sharing" / "slip.css"


@sensitive_variables()
def slip(*, token: str, pin: str, until: datetime, language: str) -> bytes:
    """Raises Unavailable."""
    address = link(token)
    picture = segno.make(address, error="m", micro=False).svg_inline(
        border=4, light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    with override(language):
        page = render_to_string(
            "sharing/slip_print.html",
            {
                "language": language,
                "style": STYLE.read_text("utf-8"),
                "portal_name": settings.PORTAL_NAME,
                "hospital_name": settings.HOSPITAL_NAME,
                "support": {"phone": settings.SUPPORT_PHONE},
                "picture": mark_safe(picture),  # drawn here, from our own link
                "link": address,
                "pin": pin,
                "until": until.astimezone(clock.local_zone()),
                "hours": int(settings.SLIP_VISIT.total_seconds() // 3600),
            },
        )
    return _typeset(page)


@sensitive_variables()
def _typeset(page: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="klisza-slip-") as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, "utf-8")
        try:
            sandbox.call(
                "klisza.base.typesetter:typeset",
                {"source": "page.html", "target": "slip.pdf"},
                folder=folder,
                cpu_seconds=SECONDS,
                wall_seconds=SECONDS + 10,
            )
        except SandboxFailed as failed:
            raise Unavailable(f"slip as PDF: {failed.reason}", retry_after=60) from failed
        return (folder / "slip.pdf").read_bytes()
