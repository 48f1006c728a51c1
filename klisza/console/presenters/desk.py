"""What the desk tells a patient who sees nothing: of the account, and of each examination, one line in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.accounts.models import Account
from klisza.base import clock
from klisza.console import queries
from klisza.console.queries.desk import Waiting
from klisza.examinations import kinds, wording
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination, Images
from klisza.patients import pesel
from klisza.patients import queries as patients
from klisza.patients.models import Patient

from . import accounts, words


@dataclass(frozen=True)
class Found:
    """numbers: of the hospital's systems, to tell two people of one name apart; never the PESEL."""

    patient: Patient
    name: str
    birth_date: date | None
    numbers: str
    state: str
    tone: str


def found(person: Patient) -> Found:
    numbers = [
        row.value
        for row in queries.identifiers_of(person)
        if row.replaced_at is None and row.issuer not in (pesel.ISSUER, pesel.NAMESPACE)
    ]
    account = patients.account_of(person)
    state, tone = accounts.account_state(account) if account else (_("No account"), "")
    return Found(
        person,
        patients.full_name(person),
        person.birth_date,
        ", ".join(dict.fromkeys(numbers)),
        state,
        tone,
    )


def why_no_account(reasons: Sequence[str]) -> list[str]:
    """reasons: of patients' service of this name."""
    if not reasons:
        return [_("Everything needed is known: the account appears within minutes.")]
    return [words.word(words.NO_ACCOUNT, reason) for reason in reasons]


@dataclass(frozen=True)
class Seen:
    """One examination: what the patient sees of it, and what stands in the way. tone: ok | wait.

    is_listed: it stands in the patient's list; shows: images or report can be opened there.
    """

    examination: Examination
    title: str
    performed_at: datetime
    line: str
    tone: str
    is_listed: bool
    shows: bool


def seen(examination: Examination, door: str, *, with_title: bool) -> Seen:
    """with_title: for the clinic; the desk needs the kind and the day."""
    kind = kinds.get(examination.kind)
    title = wording.heading(kind, examination.title) if with_title else str(kind.name)
    if door:
        line = _not_listed(examination, door)
        return Seen(examination, title, examination.performed_at, line, "wait", is_listed=False, shows=False)
    images_shown, images = _side(
        _("Images"),
        words.word(words.IMAGES, examination.images),
        examination.images_from,
        examination.images_why,
        is_here=examination.images in examinations.IMAGES_SHOWN,
    )
    report_shown, report = _side(
        _("Report"),
        words.word(words.REPORT, examination.report),
        examination.report_from,
        examination.report_why,
        is_here=examination.report in examinations.REPORTS_SHOWN,
    )
    is_complete = images_shown and report_shown and examination.images == Images.AVAILABLE
    return Seen(
        examination,
        title,
        examination.performed_at,
        _("The patient sees images and report.") if is_complete else f"{images}. {report}.",
        "ok" if is_complete else "wait",
        is_listed=True,
        shows=images_shown or report_shown,
    )


def verdict(account: Account | None, rows: Sequence[Seen]) -> str:
    """The one line that the desk says at the counter: why this patient sees nothing, or how much there is."""
    if account is None:
        return _("The patient sees nothing: there is no account, so nobody can log in.")
    if account.state in (Account.State.LOCKED, Account.State.CLOSED):
        return _("The patient sees nothing: the account is locked or closed.")
    if account.state == Account.State.NEW:
        return _("The patient has seen nothing yet: nobody has ever logged in.")
    if not rows:
        return _("The patient sees nothing: the portal knows no examination of this patient.")
    listed = [row for row in rows if row.is_listed]
    if not listed:
        return _("The patient sees nothing: none of the examinations below is shown.")
    if not any(row.shows for row in listed):
        return _("The patient sees the list of examinations, but no images and no report yet.")
    return ngettext(
        "%(n)d examination of %(all)d stands in the patient's list.",
        "%(n)d examinations of %(all)d stand in the patient's list.",
        len(listed),
    ) % {"n": len(listed), "all": len(rows)}


def _not_listed(examination: Examination, door: str) -> str:
    if door == "cut_off" and settings.SHOW_FROM:
        day = settings.SHOW_FROM.strftime("%d.%m.%Y")
        return _("Not shown: the portal shows examinations from %(day)s on.") % {"day": day}
    if door == "hidden":
        return f"{words.word(words.HIDDEN, examination.hidden_reason)}."
    return words.word(words.NOT_LISTED, door)


def _side(name: str, word: str, opens: datetime | None, why: str, *, is_here: bool) -> tuple[bool, str]:
    """The release engine's own answer in words; whether the patient sees it now."""
    if opens is None:
        return False, _("%(what)s: %(state)s; not shown yet: %(why)s") % {
            "what": name, "state": word, "why": words.word(words.WHY, why),
        }  # fmt: skip
    if opens > clock.now():
        return False, _("%(what)s: %(state)s; shown from %(day)s: %(why)s") % {
            "what": name, "state": word, "why": words.word(words.WHY, why),
            "day": f"{clock.local_date(opens):%d.%m.%Y}",
        }  # fmt: skip
    if not is_here:
        return False, f"{name}: {word}"
    return True, _("%(what)s: seen by the patient") % {"what": name}


def waiting_lines(person: Patient, waiting: Waiting) -> list[str]:
    """What holds for the patient as a whole."""
    lines = []
    if waiting.images:
        lines.append(
            ngettext(
                "%(n)d set of images may be this patient's and waits to be matched.",
                "%(n)d sets of images may be this patient's and wait to be matched.",
                waiting.images,
            )
            % {"n": waiting.images}
        )
    if waiting.objects:
        lines.append(
            ngettext(
                "%(n)d image of this patient was put aside and waits for a decision.",
                "%(n)d images of this patient were put aside and wait for a decision.",
                waiting.objects,
            )
            % {"n": waiting.objects}
        )
    if waiting.messages:
        lines.append(
            ngettext(
                "%(n)d message about this patient could not be settled.",
                "%(n)d messages about this patient could not be settled.",
                waiting.messages,
            )
            % {"n": waiting.messages}
        )
    if patients.waits_for_visit(person):
        lines.append(_("The patient asked to see results only after the visit."))
    return lines
