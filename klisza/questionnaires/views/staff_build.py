"""The builder: one list of questions, a page for each, all by ordinary forms and keys."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound, Refused
from klisza.questionnaires.building import fhir, tree
from klisza.questionnaires.building.words import NAMES
from klisza.questionnaires.forms import staff_define, staff_item
from klisza.questionnaires.models import Draft, Questionnaire
from klisza.questionnaires.presenters import staff_building as presenters
from klisza.questionnaires.queries import staff as queries
from klisza.questionnaires.services import definitions

from .staff_define import DEFINE, GET_OR_POST

MOVES = ("up", "down", "into", "out")
Resource = dict[str, Any]


@require_POST
@staff_required(*DEFINE)
def begin(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    definitions.begin_draft(questionnaire=found, by=request.actor)
    return redirect("forms:build", found.pk)


@require_safe
@staff_required(*DEFINE)
def build(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    return _outline(request, queries.questionnaire(questionnaire_id))


@require_POST
@staff_required(*DEFINE)
def heading(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    draft = queries.draft(found)
    form = _heading(draft, request.POST)
    if not form.is_valid():
        return _outline(request, found, heading=form)
    main = presenters.main_language(draft.definition)

    def change(definition: Resource) -> str:
        for key in ("title", "description"):
            texts = {
                name.removeprefix(f"{key}_"): text
                for name, text in form.cleaned_data.items()
                if name.startswith(f"{key}_")
            }
            fhir.put_words(definition, key, texts, main)
        return ""

    _change(request, found, draft, change)
    return redirect("forms:build", found.pk)


@require_POST
@staff_required(*DEFINE)
def add(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    """The new question is opened at once, to be completed."""
    found = queries.questionnaire(questionnaire_id)
    draft = queries.draft(found)
    form = staff_item.AddItem(request.POST, places=presenters.places(draft.definition))
    if not form.is_valid():
        return _outline(request, found, adding=form)

    def change(definition: Resource) -> str:
        item = {
            "linkId": tree.new_link_id(definition), "type": form.cleaned_data["type"],
            "text": form.cleaned_data["text"],
        }  # fmt: skip
        if item["type"] == "choice":  # one cannot choose from nothing
            item["answerOption"] = [{"valueCoding": {"code": "1", "display": _("First answer")}}]
        return tree.add(definition, item, after=form.cleaned_data["after"])

    place = _change(request, found, draft, change)
    return redirect("forms:item", found.pk, place) if place else redirect("forms:build", found.pk)


@require_http_methods(GET_OR_POST)
@staff_required(*DEFINE)
def item(request: PortalRequest, questionnaire_id: uuid.UUID, place: str) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    draft = queries.draft(found)
    here = tree.at(draft.definition, place)
    asked = presenters.askable(draft.definition, here)
    form = staff_item.ItemForm(
        request.POST if request.method == "POST" else None, item=here,
        main=presenters.main_language(draft.definition), asked=asked,
    )  # fmt: skip
    if form.is_valid():

        def change(definition: Resource) -> str:
            form.write(tree.at(definition, place))
            return place

        try:
            _save(request, found, draft, change)
        except Refused as refusal:
            form.add_error(None, presenters.why(draft.definition, refusal))
        else:
            messages.success(request, _("Saved."))
            return _to_line(found, place)
    context = {
        "questionnaire": found, "draft": draft, "form": form, "place": place, "sections": list(form.sections()),
        "title": presenters.short(here), "kind": NAMES.get(form.type, form.type),
        "known": presenters.known_answers(asked),
    }  # fmt: skip
    return render(request, "questionnaires/staff/item.html", context, status=400 if form.is_bound else 200)


@require_POST
@staff_required(*DEFINE)
def act(request: PortalRequest, questionnaire_id: uuid.UUID, place: str, what: str) -> HttpResponse:
    """Moved by one step, doubled, deleted; the list comes back with that question in view."""
    found = queries.questionnaire(questionnaire_id)
    draft = queries.draft(found)

    def change(definition: Resource) -> str:
        if what in MOVES:
            return tree.move(definition, place, what)
        if what == "double":
            return tree.double(definition, place)
        if what != "delete":
            raise NotFound
        _delete(definition, place)
        return ""

    return _to_line(found, _change(request, found, draft, change))


@require_POST
@staff_required(*DEFINE)
def publish(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    draft = queries.draft(found)
    try:
        version = definitions.publish(questionnaire=found, revision=_revision(request), by=request.actor)
    except Refused as refusal:
        messages.error(request, presenters.why(draft.definition, refusal))
        return redirect("forms:build", found.pk)
    messages.success(
        request, _("Version %(number)d is published: new requests get it.") % {"number": version.number}
    )
    return redirect("forms:one", found.pk)


@require_POST
@staff_required(*DEFINE)
def discard(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    found = queries.questionnaire(questionnaire_id)
    is_gone = definitions.discard_draft(questionnaire=found, by=request.actor)
    messages.success(request, _("The draft is discarded."))
    return redirect("forms:list") if is_gone else redirect("forms:one", found.pk)


def _delete(definition: Resource, place: str) -> None:
    """Raises Refused when another question depends on it."""
    gone = tree.at(definition, place)
    names = {str(one.get("linkId")) for one in (gone, *tree.walk(gone))}
    tree.remove(definition, place)
    for one in tree.walk(definition):
        if any(condition.get("question") in names for condition in one.get("enableWhen", [])):
            sentence = _('"%(question)s" is asked only after an answer to it. Please change that first.')
            raise Refused(sentence % {"question": presenters.short(one)})


def _change(
    request: PortalRequest, found: Questionnaire, draft: Draft, change: Callable[[Resource], str]
) -> str:
    """As _save; what is refused is told on the page that comes next, and "" returned."""
    try:
        return _save(request, found, draft, change)
    except NotFound:
        raise
    except Refused as refusal:
        messages.error(request, presenters.why(draft.definition, refusal))
        return ""


def _save(
    request: PortalRequest, found: Questionnaire, draft: Draft, change: Callable[[Resource], str]
) -> str:
    definition = copy.deepcopy(draft.definition)
    place = change(definition)
    if sum(1 for _item in tree.walk(definition)) > tree.MOST_ITEMS:
        raise Refused(_("That is too long for one questionnaire."))
    definitions.save_draft(
        questionnaire=found, revision=_revision(request), definition=definition, by=request.actor
    )
    return place


def _revision(request: PortalRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _to_line(found: Questionnaire, place: str) -> HttpResponseRedirect:
    address = reverse("forms:build", args=[found.pk])
    return HttpResponseRedirect(f"{address}#line-{place.replace('.', '-')}" if place else address)


def _heading(draft: Draft, data: Any = None) -> staff_define.Heading:
    main = presenters.main_language(draft.definition)
    now = {
        f"{key}_{code}": fhir.words(draft.definition, key, code, main)
        for key in ("title", "description")
        for code, _name in staff_define.in_order(main)
    }
    return staff_define.Heading(data, main=main, initial=now)


def _outline(
    request: PortalRequest, found: Questionnaire, *, heading: staff_define.Heading | None = None,
    adding: staff_item.AddItem | None = None,
) -> HttpResponse:  # fmt: skip
    draft = queries.draft(found)
    context = {
        "questionnaire": found,
        "draft": draft,
        "lines": presenters.lines(draft.definition),
        "heading": heading or _heading(draft),
        "adding": adding or staff_item.AddItem(None, places=presenters.places(draft.definition)),
        "form": heading or adding,
    }
    return render(
        request, "questionnaires/staff/build.html", context, status=400 if heading or adding else 200
    )
