"""Definitions, read once in a process for each version and language: versions never change."""

from __future__ import annotations

from collections import OrderedDict

from klisza.standards.questionnaire import definition
from klisza.standards.questionnaire.model import Definition

from .models import QuestionnaireVersion

KEPT = 64
_kept: OrderedDict[tuple[str, str], Definition] = OrderedDict()


def definition_of(version: QuestionnaireVersion, language: str = "") -> Definition:
    """language: of the person who reads it; texts without a translation stay as they are."""
    key = (str(version.pk), language)
    found = _kept.get(key)
    if found is None:
        found = _kept[key] = definition.read(version.definition, language=language)
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def title_of(version: QuestionnaireVersion, language: str) -> str:
    """As the person reads it: translated, unless staff have given the questionnaire another title since."""
    title = version.questionnaire.title
    return definition_of(version, language).title if definition_of(version).title == title else title
