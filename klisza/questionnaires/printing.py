"""The answers as a PDF that nobody changes any more: PDF/A-2a, tagged, in the language of whoever answered."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from klisza.base import clock, sandbox
from klisza.base.errors import SandboxFailed, Unavailable
from klisza.patients.queries import full_name, survivor

from . import reciting
from .models import SurveyRequest
from .queries import Snapshot
from .reading import title_of

SECONDS = 60
STYLE = Path(__file__).parent / "static" / "questionnaires" / "print.css"


@sensitive_variables()
def page(request: SurveyRequest, there: Snapshot, *, ending: str, language: str) -> str:
    """The HTML it is made of; the same for the same answers, whenever it is made. ending: as Completion.ending."""
    person = survivor(request.patient)
    with override(language):
        return render_to_string(
            "questionnaires/print.html",
            {
                "language": language,
                "style": STYLE.read_text("utf-8"),
                "portal_name": settings.PORTAL_NAME,
                "hospital_name": settings.HOSPITAL_NAME,
                "title": title_of(request.version, language),
                "number": request.version.number,
                "name": full_name(person),
                "birth_date": person.birth_date,
                "asked_at": request.asked_at.astimezone(clock.local_zone()),
                "is_own": request.is_own,
                "answered_at": (there.changed_at or request.asked_at).astimezone(clock.local_zone()),
                "ending": ending,
                "parts": reciting.parts(there),
            },
        )


@sensitive_variables()
def pdf(page: str) -> bytes:
    """Raises Unavailable."""
    with tempfile.TemporaryDirectory(prefix="klisza-survey-") as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, "utf-8")
        try:
            sandbox.call(
                "klisza.base.typesetter:typeset",
                {"source": "page.html", "target": "survey.pdf", "variant": "pdf/a-2a"},
                folder=folder,
                cpu_seconds=SECONDS,
                wall_seconds=SECONDS + 10,
            )
        except SandboxFailed as failed:
            raise Unavailable(f"survey as PDF: {failed.reason}", retry_after=60) from failed
        return (folder / "survey.pdf").read_bytes()
