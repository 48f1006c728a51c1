"""From when images and report of one examination may be seen (N10, B27): a pure function of what is known.

The order in which things became known makes no difference (L7): rule, clinician's release, hard cap, the
patient's own wish, and over all of them a clinician's hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# "At once" has no moment of its own: a message that arrives later than its release shows at once.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
# A patient who asked to wait for a visit nobody knows of must not wait for ever.
WISH_LASTS = timedelta(days=30)
IMAGES_HOW = ("at_once", "days", "clinician", "visit", "never", "report")
REPORT_HOW = ("at_once", "days", "clinician", "visit", "never")


@dataclass(frozen=True)
class Side:
    """how: at_once | days | clinician | visit | never | report (images only: together with the report)."""

    how: str = "at_once"
    days: int = 0


@dataclass(frozen=True)
class Policy:
    """What the rules say of one examination. cap_days: counted from the first final report; None = no cap."""

    images: Side = Side()
    report: Side = Side()
    cap_days: int | None = None


@dataclass(frozen=True)
class Known:
    """held, released: what a clinician decided last of images and report; released: when.

    visit_at: when the visit is over, planned or past. visit_done: staff said so, it is no mere appointment.
    """

    performed_at: datetime
    first_final_at: datetime | None = None
    visit_at: datetime | None = None
    visit_done: bool = False
    waits_for_visit: bool = False
    images_held: bool = False
    images_released_at: datetime | None = None
    report_held: bool = False
    report_released_at: datetime | None = None


@dataclass(frozen=True)
class Opening:
    """at: None = not known yet, held, or never. why: as Examination.images_why."""

    at: datetime | None
    why: str


@dataclass(frozen=True)
class Release:
    images: Opening
    report: Opening


def decide(policy: Policy, known: Known) -> Release:
    report = _report(policy, known)
    return Release(_images(policy, known, report), report)


def strictest(openings: list[Opening]) -> Opening:
    """Of what is shared by several examinations: the one that opens last."""
    closed = [one for one in openings if one.at is None]
    return closed[0] if closed else max(openings, key=lambda one: one.at or ALWAYS)


def _report(policy: Policy, known: Known) -> Opening:
    at = _by_rule(policy.report, known, known.first_final_at)
    return _finish(Opening(at, policy.report.how), policy, known, known.report_held, known.report_released_at)


def _images(policy: Policy, known: Known, report: Opening) -> Opening:
    if policy.images.how == "report":
        opening = Opening(report.at if known.first_final_at else None, "report_first")
    else:
        opening = Opening(_by_rule(policy.images, known, known.performed_at), policy.images.how)
    return _finish(opening, policy, known, known.images_held, known.images_released_at)


def _by_rule(side: Side, known: Known, counted_from: datetime | None) -> datetime | None:
    if side.how == "at_once":
        return ALWAYS
    if side.how == "days":
        return counted_from + timedelta(days=side.days) if counted_from else None
    return known.visit_at if side.how == "visit" else None


def _finish(
    opening: Opening, policy: Policy, known: Known, held: bool, released_at: datetime | None
) -> Opening:
    if held:
        return Opening(None, "staff_hold")
    opening = _not_later(opening, released_at, "staff_release")
    if policy.cap_days is not None and known.first_final_at:
        capped = known.first_final_at + timedelta(days=policy.cap_days)
        opening = _not_later(opening, capped, opening.why)
    return _wished(opening, known)


def _not_later(opening: Opening, at: datetime | None, why: str) -> Opening:
    if at is None or (opening.at is not None and opening.at <= at):
        return opening
    return Opening(at, why)


def _wished(opening: Opening, known: Known) -> Opening:
    """The patient asked to be told after the visit: that can only delay."""
    if not known.waits_for_visit or known.visit_done or opening.at is None:
        return opening
    at = known.visit_at or (known.first_final_at or known.performed_at) + WISH_LASTS
    return Opening(at, "patient_wish") if at > opening.at else opening
