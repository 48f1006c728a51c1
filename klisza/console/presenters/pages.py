"""The pages of the console in groups, for its first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

TITLES = {
    "desk": _("Registration desk"),
    "access": _("Who has seen whose data"),
    "tasks": _("Tasks of the registration desk"),
    "work": _("What messages could not settle"),
    "held": _("Messages that wait for their patient"),
    "failed": _("Messages the portal failed on"),
    "studies": _("Images without a patient"),
    "objects": _("Objects put aside"),
    "bounces": _("Mails that came back"),
    "guardians": _("Proposed carers"),
    "closing": _("Accounts to be closed"),
    "messages": _("Messages that could not be sent"),
    "release": _("Examinations that are held back"),
    "deliveries": _("Handed in by patients"),
    "breaches": _("Shown to the wrong person"),
    "integration": _("Messages from the hospital's systems"),
    "associations": _("Connections of machines"),
    "peers": _("Senders and devices"),
    "procedures": _("Names of examinations"),
    "wards": _("Wards and clinics"),
    "kinds": _("Which examinations are shown"),
    "rules": _("When results are released"),
    "waves": _("Invitations"),
    "answers": _("Answers of patients"),
    "incomplete": _("Answered, files incomplete"),
    "asked": _("Questionnaires that were sent"),
    "ask_list": _("Send a questionnaire to a list"),
    "questionnaires": _("Questionnaires"),
    "ask_rules": _("Questionnaires by procedure code"),
}
# Pages of other apps.
ELSEWHERE = {
    "answers": "asked:inbox",
    "incomplete": "asked:incomplete",
    "asked": "asked:sent",
    "ask_list": "asked:ask-list",
    "questionnaires": "forms:list",
    "ask_rules": "asked:rules",
}
# What the desk works through, beside its search.
DESK_LISTS = ("tasks", "bounces", "messages", "guardians", "closing", "work")
GROUPS = (
    (_("Patients"), ("desk", "access")),
    (
        _("What waits for somebody"),
        (
            "deliveries", "tasks", "work", "held", "failed", "studies", "objects", "bounces", "guardians", "closing", "messages",
            "release", "breaches",
        ),
    ),
    (
        _("Questionnaires of patients"),
        ("answers", "incomplete", "asked", "ask_list", "questionnaires", "ask_rules"),
    ),
    (_("Connections"), ("integration", "associations", "peers")),
    (_("Tables and rules"), ("procedures", "wards", "kinds", "rules", "waves")),
)  # fmt: skip


@dataclass(frozen=True)
class PageLink:
    """count: None where a number would say nothing."""

    address: str
    title: str
    count: int | None


@dataclass(frozen=True)
class Group:
    title: str
    pages: list[PageLink]


def groups(mine: Sequence[str], counts: Mapping[str, int]) -> list[Group]:
    made = [
        Group(str(title), links([name for name in names if name in mine], counts)) for title, names in GROUPS
    ]
    return [group for group in made if group.pages]


def links(names: Sequence[str], counts: Mapping[str, int]) -> list[PageLink]:
    return [
        PageLink(ELSEWHERE.get(name, f"console:{name}"), str(TITLES[name]), counts.get(name))
        for name in names
    ]
