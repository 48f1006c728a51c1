"""Release rules as staff save them: the whole list, validated, and every examination computed anew after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.base.turns import Turns
from klisza.examinations import kinds
from klisza.examinations.models import Examination, ReleaseRule, RuleChange
from klisza.examinations.release import IMAGES_HOW, REPORT_HOW

from .state import refresh

RULES_MOST = 500
DAYS_MOST = 3650
WORDS = {"kind": 8, "modality": 16, "procedure_code": 64, "ward_code": 64, "flag": 32}
BATCH = 100
TURNS = Turns("rules")


@transaction.atomic
def save_release_rules(*, rules: Sequence[Mapping[str, Any]], by: Actor) -> list[ReleaseRule]:
    """Replace the rules by these, in their order; the first that fits an examination decides.

    Each: kind, modality, procedure_code, ward_code, flag (blank = any), images and report (how), images_days,
    report_days, cap_days (None = no cap). Raises Refused, which names the rule by its place.
    """
    if len(rules) > RULES_MOST:
        raise Refused(_("These are too many rules."))
    now = clock.now()
    rows = [
        ReleaseRule(position=place, updated_at=now, **_clean(rule, place))
        for place, rule in enumerate(rules, start=1)
    ]
    ReleaseRule.objects.all().delete()
    saved = ReleaseRule.objects.bulk_create(rows)
    record("rule.changed", by=by, objects=saved)
    note_rule_change()
    return saved


def note_rule_change() -> None:
    """The worker computes all examinations anew; call it in the transaction that changed any rule."""
    RuleChange.objects.create(changed_at=clock.now())


def _clean(rule: Mapping[str, Any], place: int) -> dict[str, Any]:
    values: dict[str, Any] = {name: str(rule.get(name) or "").strip()[:most] for name, most in WORDS.items()}
    values |= {"images": rule.get("images") or "at_once", "report": rule.get("report") or "at_once"}
    if values["kind"] and values["kind"] not in kinds.BY_CODE:
        raise Refused(_("Rule %(place)d: unknown kind of examination.") % {"place": place})
    if values["images"] not in IMAGES_HOW or values["report"] not in REPORT_HOW:
        raise Refused(_("Rule %(place)d: unknown way of release.") % {"place": place})
    for name in ("images_days", "report_days", "cap_days"):
        values[name] = _days(rule.get(name), place, empty=None if name == "cap_days" else 0)
    return values


def _days(given: Any, place: int, *, empty: int | None) -> int | None:
    if given is None or given == "":
        return empty
    text = str(given).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= DAYS_MOST):
        sentence = _("Rule %(place)d: the number of days must lie between 0 and %(most)d.")
        raise Refused(sentence % {"place": place, "most": DAYS_MOST})
    return int(text)


def apply_rules() -> int:
    """Compute anew what was computed before the newest change; some at a time. Returns how many.

    The change is done when every examination follows it: one that cannot be computed is tried again.
    """
    newest = RuleChange.objects.filter(done_at=None).order_by("-changed_at").first()
    if newest is None:
        return 0
    older = Examination.objects.filter(updated_at__lt=newest.changed_at).order_by("updated_at")
    done = TURNS.take(lambda most: older[:most], refresh, limit=BATCH)
    if not older.exists():
        RuleChange.objects.filter(changed_at__lte=newest.changed_at, done_at=None).update(done_at=clock.now())
    return done
