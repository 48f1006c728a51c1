"""What came back: the inbox with its flags, one answer, what is still missing."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound
from klisza.examinations.answers import file_response
from klisza.questionnaires.forms import staff_ask as forms
from klisza.questionnaires.models import Completion, SurveyRequest
from klisza.questionnaires.presenters import staff_answers as presenters
from klisza.questionnaires.queries import staff as queries
from klisza.questionnaires.services import asking
from klisza.uploads import queries as uploads

from .staff_ask import ASK
from .staff_define import DEFINE, FHIR_JSON

ALL = "all"
FILES = {"registration", "radiology", "admin"}  # who looks through what is handed in
READ = DEFINE  # answers are about health: whoever prepares the examination


@require_safe
@staff_required(*READ)
def inbox(request: PortalRequest, *, only_flags: bool = False) -> HttpResponse:
    found = queries.answered(only_flags=only_flags)[: queries.MOST_ROWS]
    context = {
        "rows": presenters.came(found),
        "only_flags": only_flags,
        "unseen": queries.with_unseen_flags().count(),
        "incomplete": queries.incomplete().count(),
    }
    return render(request, "questionnaires/staff/inbox.html", context)


@require_safe
@staff_required(*ASK)
def sent(request: PortalRequest, state: str = "open") -> HttpResponse:
    """state: one of SurveyRequest's, or "all"."""
    if state not in (*SurveyRequest.State.values, ALL):
        raise NotFound
    known = "" if state == ALL else state
    context = {
        "rows": presenters.rows(queries.sent(state=known)[: queries.MOST_ROWS]),
        "state": known,
        "states": [(code, presenters.STATES[code]) for code in SurveyRequest.State.values],
        "may_read": bool(request.roles & {*READ, "admin"}),
    }
    return render(request, "questionnaires/staff/sent.html", context)


@require_safe
@staff_required(*ASK)
def incomplete(request: PortalRequest) -> HttpResponse:
    """Answered; files that were promised have not come (M6.8)."""
    found = list(queries.incomplete()[: queries.MOST_ROWS])
    rows = [(presenters.row(one), uploads.progress(one.pk)) for one in found]
    return render(request, "questionnaires/staff/incomplete.html", {"rows": rows})


@require_safe
@staff_required(*ASK)
def one(request: PortalRequest, request_id: uuid.UUID) -> HttpResponse:
    """Answers only for those who may read them; the desk sees how far it is."""
    found = queries.request(request_id)
    completion = getattr(found, "completion", None)
    may_read = bool(request.roles & {*READ, "admin"})
    context: dict[str, object] = {
        "request_row": presenters.row(found),
        "survey": found,
        "completion": completion,
        "ending": presenters.ENDINGS.get(completion.ending, "") if completion else "",
        "may_read": may_read,
        "progress": uploads.progress(found.pk) if completion and completion.ending == "uploaded" else None,
        "delivery": queries.delivery_of(found) if request.roles & FILES else None,
        "withdraw_form": forms.Withdraw() if found.state == SurveyRequest.State.OPEN else None,
    }
    reads = bool(completion and may_read)
    asking.note_read(request=found, by=request.actor, action="survey.viewed" if reads else "patient.viewed")
    if completion and may_read:
        context |= {
            "said": presenters.said(completion),
            "told": presenters.told(queries.flags_of(completion)),
            "unseen": completion.flags.filter(seen_at=None).count(),
        }
    return render(request, "questionnaires/staff/answer.html", context)


@require_POST
@staff_required(*READ)
def seen(request: PortalRequest, request_id: uuid.UUID) -> HttpResponse:
    found = queries.request(request_id)
    count = asking.note_seen(request=found, by=request.actor)
    said = ngettext("%(count)d flag is marked as seen.", "%(count)d flags are marked as seen.", count)
    messages.success(request, said % {"count": count} if count else _("All flags had been seen already."))
    return redirect("asked:one", found.pk)


@require_safe
@staff_required(*READ)
def pdf(request: PortalRequest, request_id: uuid.UUID) -> HttpResponseBase:
    """The document as it was made when the patient pressed the button."""
    found, completion = _completed(request_id)
    asking.note_read(request=found, by=request.actor, action="survey.downloaded")
    return file_response(completion.pdf, _("answers") + ".pdf", media_type="application/pdf", inline=True)


@require_safe
@staff_required(*READ)
def response(request: PortalRequest, request_id: uuid.UUID) -> HttpResponse:
    """FHIR QuestionnaireResponse."""
    found, completion = _completed(request_id)
    asking.note_read(request=found, by=request.actor, action="survey.downloaded")
    answer = JsonResponse(
        completion.response, json_dumps_params={"ensure_ascii": False, "indent": 1}, content_type=FHIR_JSON
    )
    answer["Content-Disposition"] = 'attachment; filename="response.json"'
    return answer


def _completed(request_id: uuid.UUID) -> tuple[SurveyRequest, Completion]:
    found = queries.request(request_id)
    completion = getattr(found, "completion", None)
    if completion is None:
        raise NotFound
    return found, completion
