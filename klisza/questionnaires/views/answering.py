"""Pages with questions: read, kept, on to the next one (M6.1); every answer is kept as it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import Refused
from klisza.blobs import services as blobs
from klisza.patients.viewer import Viewer
from klisza.questionnaires import queries, reciting, services, wording
from klisza.questionnaires.errors import SurveyClosed
from klisza.questionnaires.fields import mark, name_of
from klisza.questionnaires.forms import entry as entries
from klisza.questionnaires.models import SurveyRequest
from klisza.questionnaires.presenters import page as presenter
from klisza.questionnaires.presenters import rules
from klisza.questionnaires.queries import Snapshot
from klisza.questionnaires.reading import title_of
from klisza.standards.questionnaire import validate
from klisza.standards.questionnaire.model import Item
from klisza.standards.questionnaire.pages import Page, pages
from klisza.standards.questionnaire.paths import Path
from klisza.standards.questionnaire.places import walk

from .common import language, of_person, open_only, rendered


@dataclass
class Sheet:
    """One page of one survey at this moment."""

    survey: SurveyRequest
    there: Snapshot
    page: Page

    @property
    def places(self) -> list[tuple[Item, Path]]:
        """Everything that stands on the page, asked at the moment or not."""
        tops = {item.link_id for item in self.page.items}
        return [
            (item, path)
            for item, path in walk(self.there.definition, self.there.answers)
            if item.link_id in tops or tops & set(item.ancestors)
        ]

    @property
    def visible(self) -> set[str]:
        return {
            str(path)
            for item, path in self.places
            if item.is_question and not item.hidden and str(path) in self.there.enabled
        }


@dataclass
class Problems:
    errors: dict[str, str] = field(default_factory=dict)
    raw: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    clashes: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.errors or self.clashes)


def sheet(survey: SurveyRequest, number: int) -> Sheet:
    """number: from 1, as in the address; one that is not there becomes the nearest."""
    there = queries.snapshot(survey, language=language())
    every = pages(there.definition)
    return Sheet(survey, there, every[min(max(number, 1), len(every)) - 1])


@require_http_methods(["GET", "HEAD", "POST"])
@of_person
@open_only
def page(request: PortalRequest, viewer: Viewer, survey: SurveyRequest, number: int) -> HttpResponseBase:
    now = sheet(survey, number)
    if request.method == "POST":
        return _posted(request, viewer, now)
    if not _has_something(now.there, now.page):
        step = _next(now, 1)
        return _to(survey, step) if step is not None else redirect("questionnaires:summary", survey.pk)
    services.remember_page(request=survey, page=now.page.number)
    return _shown(request, now, Problems())


def _posted(request: PortalRequest, viewer: Viewer, now: Sheet) -> HttpResponseBase:
    act, _space, what = str(request.POST.get("go", "next")).partition(" ")
    read = entries.read(now.places, request.POST)
    undecided = _undecided(request, read, what) if act in ("take", "keep") else []
    left_alone = {one.name for one in undecided} | ({what} if act == "take" else set())
    problems = _kept(viewer, now, [one for one in read if one.name not in left_alone])
    for one in undecided:
        problems.clashes[one.path] = clash_sentence(now, one.path, now.there.answers.get(one.path, ()))
        problems.raw[one.path] = one.raw
    _attached(request, viewer, now, problems)
    after = sheet(now.survey, now.page.number + 1)
    if act in ("take", "keep"):
        _tell_what_counts(request, after, act, what, problems)
    if problems.clashes or (act != "back" and problems.errors):
        return _shown(request, after, problems, status=422)
    if act in ("add", "remove", "detach"):
        return _changed(request, viewer, after, act, what)
    if act in ("more", "take", "keep"):
        return _to(now.survey, now.page.number, anchor=what)
    if act == "back":
        step = _next(after, -1)
        return _to(now.survey, step) if step is not None else redirect("questionnaires:list")
    return _onwards(request, now, after)


def _onwards(request: PortalRequest, now: Sheet, after: Sheet) -> HttpResponseBase:
    """To the next page, unless something is wrong here, or an answer has opened questions that were not shown."""
    fresh = after.visible - now.visible if "script" not in request.POST else set()
    problems = Problems(errors={path: text for path, text in faults(after).items() if path not in fresh})
    if problems:
        return _shown(request, after, problems, status=422)
    if fresh:
        messages.info(request, _("Your answer leads to further questions. Please answer them, too."))
        return _to(now.survey, now.page.number)
    step = _next(after, 1)
    return _to(now.survey, step) if step is not None else redirect("questionnaires:summary", now.survey.pk)


def faults(now: Sheet) -> dict[str, str]:
    """path -> sentence, of this page."""
    here = {str(path): item for item, path in now.places}
    found = validate.check(now.there.definition, now.there.counting, patient=now.there.patient)
    return {one.path: wording.of_fault(here[one.path], one) for one in found if one.path in here}


def _kept(viewer: Viewer, now: Sheet, read: list[entries.Entry]) -> Problems:
    problems = Problems()
    for one in read:
        if one.fault:
            problems.errors[one.path] = wording.sentence(one.item, one.fault)
    changes = [
        services.Change(one.path, one.value, one.seen) for one in read if one.is_touched and not one.fault
    ]
    try:
        _save(viewer, now, changes, problems)
    except SurveyClosed:
        raise
    except Refused:
        # One of them is no answer: the others are kept all the same.
        for change in changes:
            try:
                _save(viewer, now, [change], problems)
            except SurveyClosed:
                raise
            except Refused as refusal:
                problems.errors[change.path] = refusal.sentence
    for one in read:
        if one.path in problems.clashes or one.path in problems.errors:
            problems.raw[one.path] = one.raw
    return problems


def _save(viewer: Viewer, now: Sheet, changes: list[services.Change], problems: Problems) -> None:
    if not changes:
        return
    outcome = services.save(request=now.survey, changes=changes, by=viewer.actor)
    for path, other in outcome.clashes.items():
        problems.clashes[path] = clash_sentence(now, path, other.value)


def clash_sentence(now: Sheet, path: str, other: Sequence[dict[str, Any]]) -> str:
    item, _place = now.there.definition.place(path)
    return _(
        "This was changed on another device meanwhile. There it says: %(answer)s. Please choose which answer counts. If "
        "you go on without choosing, it is what stands here."
    ) % {"answer": _in_words(item, other)}


def _in_words(item: Item, said: Sequence[dict[str, Any]]) -> str:
    return ", ".join(reciting.in_words(item, one) for one in said) or _("no answer")


def _undecided(request: PortalRequest, read: list[entries.Entry], decided: str) -> list[entries.Entry]:
    """Where another choice between two devices is open: one of them decides nothing about the others."""
    return [
        one for one in read if one.name != decided and f"{one.name}-open" in request.POST and one.is_touched
    ]


def _tell_what_counts(request: PortalRequest, now: Sheet, act: str, name: str, problems: Problems) -> None:
    """After "keep mine" or "take the other's"."""
    for item, path in now.places:
        is_settled = str(path) not in problems.clashes and str(path) not in problems.errors
        if name_of(item, path.at) == name and item.is_question and is_settled:
            said = _in_words(item, now.there.answers.get(str(path), ()))
            sentence = (
                _("The answer of the other device is kept: %(answer)s.")
                if act == "take"
                else _("The answer of this device is kept: %(answer)s.")
            )
            messages.info(request, sentence % {"answer": wording.joined(reciting.label(item), said)})


def _attached(request: PortalRequest, viewer: Viewer, now: Sheet, problems: Problems) -> None:
    for item, path in now.places:
        if item.type != "attachment":
            continue
        for sent in request.FILES.getlist(name_of(item, path.at)):
            seen = now.there.versions.get(str(path), 0)
            try:
                services.attach(request=now.survey, path=str(path), sent=sent, seen=seen, by=viewer.actor)
            except SurveyClosed:
                raise
            except Refused as refusal:
                problems.errors[str(path)] = refusal.sentence
            else:
                now.there.versions[str(path)] = seen + 1


def _changed(request: PortalRequest, viewer: Viewer, now: Sheet, act: str, what: str) -> HttpResponse:
    """As the buttons say: "add f3", "remove f3 1" a group, "detach f4 <file>"."""
    name, _space, which = what.partition(" ")
    found = next((path for item, path in now.places if name_of(item, path.at) == name), None)
    if found is None:
        raise Refused(_("This question is not part of the survey."))
    by, anchor = viewer.actor, name
    if act == "add":
        try:
            new = services.add_instance(request=now.survey, path=str(found), by=by)
        except SurveyClosed:
            raise
        except Refused as refusal:
            messages.info(request, refusal.sentence)
            return _to(now.survey, now.page.number, anchor=name)
        anchor = f"{name}-part-{new}"
    elif act == "remove" and which.isdigit():
        services.remove_instance(request=now.survey, path=str(found), number=int(which), by=by)
    elif act == "detach":
        services.detach(request=now.survey, path=str(found), file_id=which, by=by)
    return _to(now.survey, now.page.number, anchor=anchor)


def _to(survey: SurveyRequest, page_number: int, anchor: str = "") -> HttpResponse:
    answer = redirect("questionnaires:page", survey.pk, page_number + 1)
    if anchor:
        answer["Location"] += f"#{anchor}"
    return answer


def _has_something(there: Snapshot, page: Page) -> bool:
    return any(not item.hidden and item.link_id in there.enabled for item in page.items)


def _next(now: Sheet, step: int) -> int | None:
    """Number of the next page, or the one before, with anything on it."""
    every = pages(now.there.definition)
    number = now.page.number + step
    while 0 <= number < len(every):
        if _has_something(now.there, every[number]):
            return number
        number += step
    return None


def _shown(request: PortalRequest, now: Sheet, problems: Problems, status: int = 200) -> HttpResponse:
    trouble = presenter.Trouble(problems.errors, problems.raw, problems.clashes)
    blocks = presenter.blocks(now.there, now.page, trouble)
    asked = [one for one in pages(now.there.definition) if _has_something(now.there, one)]
    context: dict[str, Any] = {
        "survey": now.survey,
        "title": title_of(now.survey.version, language()),
        "page": now.page,
        "place": asked.index(now.page) + 1 if now.page in asked else 1,
        "total": len(asked),
        "is_first": not asked or now.page == asked[0],
        "blocks": blocks,
        "rules": rules.for_script(now.there, now.places),
        "description": now.there.definition.description,
        "form": SimpleNamespace(errors={**problems.errors, **problems.clashes}),
        "problems": rules.problems(blocks),
    }
    return rendered(request, "page", context, status=status)


@require_POST
@of_person
@open_only
def save(request: PortalRequest, viewer: Viewer, survey: SurveyRequest, number: int) -> HttpResponseBase:
    """One place, as the script posts it while the person types; everything else is as with the page's own form."""
    now = sheet(survey, number)
    read = [one for one in entries.read(now.places, request.POST) if one.is_touched]
    problems = _kept(viewer, now, read)
    after = sheet(survey, number)
    changed = {one.path for one in read} - set(problems.errors)
    told = {
        name_of(item, path.at): {
            "seen": after.there.versions.get(str(path), 0),
            "mark": mark(after.there.answers.get(str(path), ())),
        }
        for item, path in after.places
        if str(path) in changed
    }
    named = {str(path): name_of(item, path.at) for item, path in after.places}
    return JsonResponse(
        {
            "saved": told,
            "errors": {named[path]: text for path, text in problems.errors.items() if path in named},
            "clashes": {named[path]: text for path, text in problems.clashes.items() if path in named},
            **rules.after_saving(after.there, after.places),
        }
    )


@require_safe
@of_person
def attachment(request: PortalRequest, viewer: Viewer, survey: SurveyRequest, file_id: Any) -> HttpResponse:
    """The person's own file once more, as it was added; never shown by the browser itself (R32)."""
    file = services.file_of(survey, file_id)
    answer = HttpResponse(blobs.read(file.blob.key), content_type=file.media_type)
    answer["Content-Disposition"] = "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
