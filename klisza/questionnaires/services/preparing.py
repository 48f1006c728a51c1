"""The PDF is made while the person reads the summary, so that the button which completes need not wait for it."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from klisza.base import clock
from klisza.base.errors import Unavailable
from klisza.questionnaires import printing, queries
from klisza.questionnaires.models import Completion, PreparedPdf, SurveyRequest
from klisza.questionnaires.queries import Snapshot

Ending = Completion.Ending
# What the button says -> how it ends.
WITH_FILES = {"upload": Ending.UPLOADED, "without": Ending.WITHOUT}
WITHOUT_FILES = {"deliver": Ending.DELIVERED}


def endings(request: SurveyRequest) -> dict[str, Completion.Ending]:
    return WITH_FILES if request.version.questionnaire.takes_files else WITHOUT_FILES


@transaction.atomic
def want_pdf(*, request: SurveyRequest, answers_version: int, language: str) -> None:
    """The worker makes one for each ending the summary leads to, unless it has for these answers. language: of the
    account that completes."""
    row = SurveyRequest.objects.select_for_update().get(pk=request.pk)
    if row.answers_version != answers_version or not queries.is_answerable(row):
        return
    rows = PreparedPdf.objects.filter(request=request)
    known = set(
        rows.filter(answers_version=answers_version, language=language).values_list("ending", flat=True)
    )
    wanted = set(endings(request).values())
    if known == wanted:
        return
    rows.delete()
    PreparedPdf.objects.bulk_create(
        PreparedPdf(
            request=request, ending=ending, language=language, answers_version=answers_version, wanted_at=clock.now()
        )
        for ending in sorted(wanted)
    )  # fmt: skip


def prepare(row: PreparedPdf) -> bool:
    """False when nobody wants it any more. What changes meanwhile removes the row, and what was made is forgotten."""
    if not queries.is_answerable(row.request):
        PreparedPdf.objects.filter(pk=row.pk).delete()
        return False
    there = queries.snapshot(row.request, language=row.language)
    page = printing.page(row.request, there, ending=row.ending, language=row.language)
    try:
        made = printing.pdf(page)
    except Unavailable:
        made = b""  # the completion tries once more, and says so
    rows = PreparedPdf.objects.filter(pk=row.pk, answers_version=there.version)
    return bool(rows.update(pdf=made, digest=_digest(page)))


def forget(request: SurveyRequest) -> None:
    """After a change of the answers, and when there is nothing to complete any more."""
    PreparedPdf.objects.filter(request=request).delete()


@sensitive_variables()
def pdf_of(request: SurveyRequest, there: Snapshot, *, ending: str, language: str) -> bytes:
    """What was prepared, if it was made of this very page; else made now. Raises Unavailable."""
    page = printing.page(request, there, ending=ending, language=language)
    row = PreparedPdf.objects.filter(request=request, ending=ending, digest=_digest(page)).first()
    return bytes(row.pdf) if row is not None and row.pdf else printing.pdf(page)


def _digest(page: str) -> str:
    return hashlib.sha256(page.encode()).hexdigest()
