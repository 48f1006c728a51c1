"""Questionnaires themselves: taken in, built, published, retired. A version never changes."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.questionnaires.building.words import REASONS
from klisza.questionnaires.models import Draft, Questionnaire, QuestionnaireVersion
from klisza.standards.questionnaire import definition as standard
from klisza.standards.questionnaire.errors import Refused as NotAskable
from klisza.standards.questionnaire.model import Definition

from .requests import account_id

MOST_BYTES = 4_000_000
Resource = dict[str, Any]


class Unusable(Refused):
    """A resource that cannot be asked. link_id: which item, "" = the whole; cause: English, of the standard."""

    def __init__(self, link_id: str, cause: str) -> None:
        words = _("Item %(item)s: %(cause)s") if link_id else "%(cause)s"
        super().__init__(words % {"item": link_id, "cause": REASONS.get(cause, cause)})
        self.link_id = link_id
        self.cause = cause


def checked(resource: Resource, *, language: str = "") -> Definition:
    """Raises Unusable."""
    try:
        return standard.read(resource, language=language)
    except NotAskable as refusal:
        raise Unusable(refusal.link_id, refusal.reason) from refusal


@transaction.atomic
def take_in(*, resource: Resource, by: Actor) -> tuple[Questionnaire, bool]:
    """A FHIR Questionnaire of somebody else: a new one as a draft state, or a new version of the one with its url.

    Returns it and whether anything is new. Raises Unusable; then nothing is kept.
    """
    told = checked(resource)
    known = _of_url(told.url)
    if known and known.current and known.current.digest == digest(resource):
        return known, False
    title = (told.title or _("Questionnaire"))[:200]
    questionnaire = known or Questionnaire.objects.create(
        url=told.url[:255], name=title[:120], title=title, created_at=clock.now(),
        takes_files=takes_files(resource),
    )  # fmt: skip
    version = _add_version(questionnaire, resource, by)
    questionnaire.title = title
    questionnaire.save(update_fields=["title"])
    record("questionnaire.imported", by=by, objects=[questionnaire, version])
    return questionnaire, True


@transaction.atomic
def make(*, resource: Resource, name: str, by: Actor) -> Questionnaire:
    """A new one to be built, from a template or from nothing; it starts as a draft nobody can be asked with."""
    questionnaire = Questionnaire.objects.create(
        name=name[:120], title=str(resource.get("title") or name)[:200], created_at=clock.now(),
        takes_files=takes_files(resource),
    )  # fmt: skip
    draft = Draft.objects.create(
        questionnaire=questionnaire, definition=resource, changed_at=clock.now(), changed_by_id=account_id(by)
    )
    record("questionnaire.created", by=by, objects=[questionnaire, draft])
    return questionnaire


@transaction.atomic
def begin_draft(*, questionnaire: Questionnaire, by: Actor) -> Draft:
    """The one that is open, else a copy of the current version."""
    found = Draft.objects.filter(questionnaire=questionnaire).first()
    if found:
        return found
    if questionnaire.current is None:
        raise NotFound
    draft = Draft.objects.create(
        questionnaire=questionnaire, definition=copy.deepcopy(questionnaire.current.definition),
        changed_at=clock.now(), changed_by_id=account_id(by),
    )  # fmt: skip
    record("questionnaire.changed", by=by, objects=[questionnaire, draft])
    return draft


@transaction.atomic
def save_draft(*, questionnaire: Questionnaire, revision: int, definition: Resource, by: Actor) -> Draft:
    """revision: the one the page has shown. Raises Refused when somebody else has changed it since, Unusable."""
    draft = Draft.objects.select_for_update().filter(questionnaire=questionnaire).first()
    if draft is None:
        raise NotFound
    if draft.revision != revision:
        raise Refused(_("Somebody has changed this questionnaire meanwhile. Here it is as it stands now."))
    _check_draft(definition)
    draft.definition = definition
    draft.revision += 1
    draft.changed_at = clock.now()
    draft.changed_by_id = account_id(by)
    draft.save()
    record("questionnaire.changed", by=by, objects=[questionnaire, draft])
    return draft


@transaction.atomic
def publish(*, questionnaire: Questionnaire, revision: int, by: Actor) -> QuestionnaireVersion:
    """The draft becomes the version that new requests get; requests that are out keep theirs. Raises Refused."""
    draft = Draft.objects.select_for_update().filter(questionnaire=questionnaire).first()
    if draft is None:
        raise NotFound
    if draft.revision != revision:
        raise Refused(_("Somebody has changed this questionnaire meanwhile. Here it is as it stands now."))
    told = checked(draft.definition)
    version = _add_version(questionnaire, draft.definition, by)
    Questionnaire.objects.filter(pk=questionnaire.pk).update(
        title=(told.title or questionnaire.title)[:200], state=Questionnaire.State.ACTIVE
    )
    draft.delete()
    record("questionnaire.published", by=by, objects=[questionnaire, version])
    return version


@transaction.atomic
def discard_draft(*, questionnaire: Questionnaire, by: Actor) -> bool:
    """Back to the current version. True: there was none, and the questionnaire itself is gone."""
    draft = Draft.objects.filter(questionnaire=questionnaire).first()
    if draft is None:
        raise NotFound
    record("questionnaire.changed", by=by, objects=[questionnaire, draft], reason="draft discarded")
    draft.delete()
    if questionnaire.current_id is None:
        Questionnaire.objects.filter(pk=questionnaire.pk).delete()
        return True
    return False


@transaction.atomic
def set_state(*, questionnaire: Questionnaire, state: str, by: Actor) -> None:
    """active: can be asked; retired: not any more, what is out goes on. Raises Refused without a version."""
    if state not in (Questionnaire.State.ACTIVE, Questionnaire.State.RETIRED):
        raise NotFound
    if state == Questionnaire.State.ACTIVE and questionnaire.current_id is None:
        raise Refused(_("Publish it first."))
    Questionnaire.objects.filter(pk=questionnaire.pk).update(state=state)
    record("questionnaire.state_changed", by=by, objects=[questionnaire], reason=state)


@transaction.atomic
def describe(
    *, questionnaire: Questionnaire, name: str, takes_files: bool, is_standing: bool, by: Actor
) -> None:
    """What does not stand in the FHIR resource. is_standing: a patient may start it without being asked (N20)."""
    Questionnaire.objects.filter(pk=questionnaire.pk).update(
        name=name[:120], takes_files=takes_files, is_standing=is_standing
    )
    record("questionnaire.changed", by=by, objects=[questionnaire])


def takes_files(resource: Mapping[str, Any]) -> bool:
    """A template says by an extension of ours that its last page hands in files."""
    found = [one for one in resource.get("extension", []) if one.get("url") == TAKES_FILES]
    return any(one.get("valueBoolean") is True for one in found)


TAKES_FILES = "urn:klisza:questionnaire:takes-files"


def digest(resource: Resource) -> str:
    text = json.dumps(resource, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def exported(questionnaire: Questionnaire, version: QuestionnaireVersion) -> Resource:
    """As it came, with the state it has here, and the number of the version where its maker gave none."""
    resource = copy.deepcopy(version.definition)
    resource["status"] = questionnaire.state if version.pk == questionnaire.current_id else "retired"
    resource.setdefault("version", str(version.number))
    return resource


def _check_draft(definition: Resource) -> None:
    """While it is built it may still be without any question."""
    try:
        standard.read(definition)
    except NotAskable as refusal:
        if refusal.link_id:
            raise Unusable(refusal.link_id, refusal.reason) from refusal


def _of_url(url: str) -> Questionnaire | None:
    if not url:
        return None
    rows = Questionnaire.objects.select_for_update().filter(url=url[:255])
    return rows.order_by("created_at").first()


def _add_version(questionnaire: Questionnaire, resource: Resource, by: Actor) -> QuestionnaireVersion:
    newest = questionnaire.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = QuestionnaireVersion.objects.create(
        questionnaire=questionnaire, number=newest + 1, definition=resource, digest=digest(resource),
        created_at=clock.now(), created_by_id=account_id(by),
    )  # fmt: skip
    questionnaire.current = version
    questionnaire.save(update_fields=["current"])
    return version
