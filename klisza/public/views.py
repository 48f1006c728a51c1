"""What everybody may read without signing in (manual, chapter 0)."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from klisza.examinations import queries as examinations

from . import booklet, services


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The kinds and the cut-off are those the lists use: one table with the rules of staff, one setting (S1, S20)."""
    return render(request, "public/home.html", {
        "covered": examinations.covered_kinds(),
        "show_from": settings.SHOW_FROM,
        "booklet_title": booklet.title(),
        "pdf_size": services.pdf_size(get_language()),
    })  # fmt: skip


@require_safe
def instruction(request: HttpRequest) -> HttpResponse:
    language = get_language()
    return render(request, "public/instruction.html", {
        "booklet": booklet.load(language), "pdf_size": services.pdf_size(language),
    })  # fmt: skip


@require_safe
def instruction_pdf(request: HttpRequest) -> FileResponse:
    path = services.make_pdf(get_language())
    return FileResponse(
        path.open("rb"), content_type="application/pdf", filename=f"{booklet.file_name()}.pdf"
    )


@require_safe
def browser(request: HttpRequest) -> HttpResponse:
    """Plain HTML without scripts and modern styles: its readers' browsers know neither (S5)."""
    return render(request, "public/browser.html")
