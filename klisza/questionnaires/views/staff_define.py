"""Under /staff/questionnaires/: which there are, taking in and giving out, versions, state."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.base.errors import Refused
from klisza.questionnaires import ready
from klisza.questionnaires.forms import staff_define as forms
from klisza.questionnaires.presenters import staff_building, staff_trying
from klisza.questionnaires.queries import staff as queries
from klisza.questionnaires.services import definitions

GET_OR_POST = ["GET", "HEAD", "POST"]
DEFINE = ("clinic", "radiology")
FHIR_JSON = "application/fhir+json"


@require_safe
@staff_required(*DEFINE)
def listing(request: PortalRequest) -> HttpResponse:
    return render(request, "questionnaires/staff/list.html", {"rows": queries.questionnaires()})


@require_http_methods(GET_OR_POST)
@staff_required(*DEFINE)
def new(request: PortalRequest) -> HttpResponse:
    form = forms.New(request.POST if request.method == "POST" else None, initial={"start": "empty"})
    if form.is_valid():
        name, start = form.cleaned_data["name"], form.cleaned_data["start"]
        language = (get_language() or "pl").split("-")[0]
        resource = ready.resource(start, title=name, language=language)
        made = definitions.make(resource=resource, name=name, by=request.actor)
        return redirect("forms:build", made.pk)
    status = 400 if form.is_bound else 200
    return render(request, "questionnaires/staff/new.html", {"form": form}, status=status)


@require_http_methods(GET_OR_POST)
@staff_required(*DEFINE)
def take_in(request: PortalRequest) -> HttpResponse:
    """A file that cannot be asked is refused with the item that is in the way; nothing of it is kept."""
    posted = request.method == "POST"
    form = forms.Import(request.POST if posted else None, request.FILES if posted else None)
    if form.is_valid():
        try:
            found, is_new = definitions.take_in(resource=form.cleaned_data["file"], by=request.actor)
        except Refused as refusal:
            form.add_error("file", refusal.sentence)
        else:
            messages.success(request, _("Imported.") if is_new else _("This very version is here already."))
            return redirect("forms:one", found.pk)
    status = 400 if form.is_bound else 200
    return render(request, "questionnaires/staff/import.html", {"form": form}, status=status)


@require_safe
@staff_required(*DEFINE)
def one(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    return _page(request, questionnaire_id)


@require_POST
@staff_required(*DEFINE)
def describe(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    form = forms.Describe(request.POST)
    if not form.is_valid():
        return _page(request, questionnaire_id, form)
    definitions.describe(questionnaire=found, by=request.actor, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("forms:one", found.pk)


@require_POST
@staff_required(*DEFINE)
def state(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    try:
        definitions.set_state(questionnaire=found, state=request.POST.get("state", ""), by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("forms:one", found.pk)


@require_safe
@staff_required(*DEFINE)
def export(request: PortalRequest, questionnaire_id: uuid.UUID, number: int) -> HttpResponse:
    """The FHIR resource, as a file."""
    found = queries.questionnaire(questionnaire_id)
    version = queries.version(found, number)
    record("questionnaire.exported", by=request.actor, objects=[found, version])
    answer = JsonResponse(
        definitions.exported(found, version), json_dumps_params={"ensure_ascii": False, "indent": 1},
        content_type=FHIR_JSON,
    )  # fmt: skip
    answer["Content-Disposition"] = f'attachment; filename="questionnaire-{number}.json"'
    return answer


@require_http_methods(GET_OR_POST)
@staff_required(*DEFINE)
def attempt(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    """Test answers, kept nowhere: what would be asked, what is wrong, what staff would be told."""
    found = queries.questionnaire(questionnaire_id)
    draft = queries.draft_of(found)
    resource = draft.definition if draft else found.current.definition if found.current else {}
    language = request.POST.get("language") or (get_language() or "pl").split("-")[0]
    context: dict[str, object] = {
        "questionnaire": found, "draft": draft, "languages": forms.LANGUAGES, "language": language,
    }  # fmt: skip
    try:
        definition = definitions.checked(resource, language=language)
    except Refused as refusal:
        context["refusal"] = staff_building.why(resource, refusal)
    else:
        context |= {
            "definition": definition,
            "trial": staff_trying.trial(definition, request.POST),
            "tried": bool(request.POST),
        }
    return render(request, "questionnaires/staff/try.html", context)


def _page(
    request: PortalRequest, questionnaire_id: uuid.UUID, form: forms.Describe | None = None
) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    context = {
        "questionnaire": found,
        "draft": queries.draft_of(found),
        "versions": queries.versions(found),
        "form": form or forms.Describe.of(found),
    }
    return render(request, "questionnaires/staff/one.html", context, status=400 if form else 200)
