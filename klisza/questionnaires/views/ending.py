"""Summary, files, and the two buttons that are the end (M6.2-M6.8)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import Refused
from klisza.patients.queries import survivor
from klisza.patients.viewer import Viewer
from klisza.questionnaires import queries, reciting, services, wording
from klisza.questionnaires.errors import AlreadySent, AnswersChanged, NotAnswered, SurveyClosed
from klisza.questionnaires.models import SurveyRequest
from klisza.questionnaires.queries import Snapshot
from klisza.questionnaires.reading import title_of
from klisza.standards.questionnaire import validate
from klisza.standards.questionnaire.pages import page_of, pages
from klisza.uploads import presenters as uploads
from klisza.uploads.errors import ListClosed
from klisza.uploads.services import delivery_for

from .common import language, of_person, open_only, rendered


@require_safe
@of_person
@open_only
def summary(request: PortalRequest, viewer: Viewer, survey: SurveyRequest) -> HttpResponseBase:
    return _summary(request, survey)


def _summary(request: PortalRequest, survey: SurveyRequest, status: int = 200) -> HttpResponse:
    there = queries.snapshot(survey, language=language())
    last = [
        page for page in pages(there.definition) if any(one.link_id in there.enabled for one in page.items)
    ]
    context = {
        "survey": survey,
        "title": title_of(survey.version, language()),
        "takes_files": survey.version.questionnaire.takes_files,
        "parts": reciting.parts(there),
        "faults": _faults(there),
        "seen": there.version,
        "last": last[-1].number + 1 if last else 1,
    }
    if not context["faults"] and request.account is not None:
        services.want_pdf(request=survey, answers_version=there.version, language=request.account.language)
    return rendered(request, "summary", context, status=status)


def _faults(there: Snapshot) -> list[dict[str, object]]:
    """What has to be put right, with the page on which it stands."""
    made = []
    for fault in validate.check(there.definition, there.counting, patient=there.patient):
        if fault.code == "unknown":
            continue
        item, _place = there.definition.place(fault.path)
        number = page_of(there.definition, item.link_id) + 1
        text = wording.joined(reciting.label(item), wording.of_fault(item, fault))
        made.append({"text": text, "page": number})
    return made


@require_safe
@of_person
@open_only
def files(request: PortalRequest, viewer: Viewer, survey: SurveyRequest) -> HttpResponseBase:
    """Documents and images from elsewhere; its two buttons are the end."""
    if not survey.version.questionnaire.takes_files or request.account is None:
        return redirect("questionnaires:summary", survey.pk)
    there = queries.snapshot(survey, language=language())
    if _faults(there):
        return redirect("questionnaires:summary", survey.pk)
    delivery = delivery_for(patient=survivor(survey.patient), account=request.account, subject=survey.pk)
    context = {
        "survey": survey,
        "title": title_of(survey.version, language()),
        "panel": uploads.panel(delivery),
        "seen": there.version,
    }
    return rendered(request, "files", context)


@require_POST
@of_person
def complete(request: PortalRequest, viewer: Viewer, survey: SurveyRequest) -> HttpResponseBase:
    """The button itself. A script that goes on sending files gets JSON."""
    seen = str(request.POST.get("seen", ""))
    is_script = "application/json" in request.headers.get("Accept", "")
    if request.account is None:
        return redirect("questionnaires:one", survey.pk)
    try:
        services.complete(
            viewer=viewer, request=survey, account=request.account, button=str(request.POST.get("ending", "")),
            seen=int(seen) if seen.isdigit() else -1,
        )  # fmt: skip
    except Refused as refusal:
        return _refused(request, survey, refusal, is_script=is_script)
    if is_script:
        return JsonResponse({"done": True})
    return redirect("questionnaires:one", survey.pk)


def _refused(
    request: PortalRequest, survey: SurveyRequest, refusal: Refused, *, is_script: bool
) -> HttpResponseBase:
    if is_script:
        already = isinstance(refusal, AlreadySent)
        return JsonResponse({"error": refusal.sentence, "already": already}, status=max(refusal.status, 409))
    messages.info(request, refusal.sentence)
    if isinstance(refusal, SurveyClosed | ListClosed):
        return redirect("questionnaires:one", survey.pk)
    if isinstance(refusal, AnswersChanged | NotAnswered) or not survey.version.questionnaire.takes_files:
        return redirect("questionnaires:summary", survey.pk)
    return redirect("questionnaires:files", survey.pk)
