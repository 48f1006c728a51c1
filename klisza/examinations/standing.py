"""Where things stand with one examination, in words: its status line, and why something is missing (N14).

What is held is worded by the rule that holds it, never by whether it is there already (R63).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.base import clock

from . import queries
from .models import Examination, Images, ReportState, State

# Of an examination without images and report: so long it would be wrong to say that there are none.
IMAGES_AWAITED = timedelta(days=3)


def has_report(examination: Examination) -> bool:
    return examination.report in queries.REPORTS_SHOWN and queries.report_open(examination)


def has_images(examination: Examination) -> bool:
    return examination.images == Images.AVAILABLE and queries.images_open(examination)


def has_pictures(examination: Examination) -> bool:
    """Something of the images may be looked at, even while more arrive."""
    is_shown = examination.images in queries.IMAGES_SHOWN and examination.images_received > 0
    return is_shown and queries.images_open(examination)


def is_planned(examination: Examination) -> bool:
    nothing = examination.images == Images.NONE and examination.report == ReportState.NONE
    return examination.state == State.PLANNED and nothing


def awaits_visit(examination: Examination) -> bool:
    """The day of the visit would open it, and the hospital has not said which it is."""
    waits = ("visit", "patient_wish")
    images = not queries.images_open(examination) and examination.images_why in waits
    report = not queries.report_open(examination) and examination.report_why in waits
    return (images or report) and not queries.visit_is_known(examination)


def status(examination: Examination) -> str:
    """One line."""
    if is_planned(examination):
        return _("Planned; not performed yet")
    if not queries.report_open(examination):
        return _of_held_report(examination)
    if examination.report == ReportState.CORRECTED:
        return _("The report was corrected; the new version counts")
    if examination.report == ReportState.WITHDRAWN:
        return _("The hospital has withdrawn the report; a new one will appear here")
    if examination.images == Images.RECEIVING and queries.images_open(examination):
        return receiving(examination)
    if examination.report == ReportState.AVAILABLE:
        return _("Report and images are ready") if has_images(examination) else _("The report is ready")
    if has_images(examination):
        return _("The images are here; the report is being prepared")
    return _("Performed; the report is being prepared")


def _of_held_report(examination: Examination) -> str:
    if queries.is_without_reports(examination):
        return _("Performed; you may see the images, not the report")
    held = _held(examination, examination.report_why, examination.report_from)
    if examination.images == Images.RECEIVING and queries.images_open(examination):
        return receiving(examination)
    if has_images(examination):
        return _("The images are here. %(why)s") % {"why": held}
    return held


def _held(examination: Examination, why: str, at: datetime | None) -> str:
    """Why something is not here, in one short sentence without a full stop."""
    if why == "visit":
        return _after_visit(at)
    if why == "patient_wish":
        return _as_wished(queries.visit_of(examination))
    return {
        "clinician": _("The result will be here after the doctor has spoken to you"),
        "staff_hold": _("The result will be here after the doctor has spoken to you"),
        "never": _("The doctor will tell you the result in person"),
        "report_first": _("The images will be here together with the report"),
    }.get(why) or _("In preparation; results of this kind appear here after some days")


def _after_visit(visit: datetime | None) -> str:
    if visit and visit > clock.now():
        return _("The result will be here after your visit on %(date)s") % _day(visit)
    return _("The result will be here after your visit")


def _as_wished(visit: datetime | None) -> str:
    if visit and visit > clock.now():
        return _("As you wished, the result will be here after your visit on %(date)s") % _day(visit)
    return _("As you wished, the result will be here after your visit")


def _day(moment: datetime) -> dict[str, str]:
    return {"date": f"{clock.local_date(moment):%d.%m.%Y}"}


def receiving(examination: Examination) -> str:
    received, expected = examination.images_received, examination.images_expected
    if expected:
        return _("Images received: %(received)d of %(expected)d") % {
            "received": received,
            "expected": expected,
        }
    return ngettext("%(n)d image received so far", "%(n)d images received so far", received) % {"n": received}


def why_no_images(examination: Examination) -> str:
    if is_planned(examination):
        return _("The examination has not been performed yet. Images and report will be here afterwards.")
    if not queries.images_open(examination):
        return _held(examination, examination.images_why, examination.images_from) + "."
    if examination.images == Images.WITHDRAWN:
        return _(
            "The hospital has withdrawn the images of this examination, for example to correct them. If you need "
            "them, please ask the clinic or our support."
        )
    if not has_report(examination) and clock.now() - examination.performed_at < IMAGES_AWAITED:
        return _(
            "There are no images yet. They usually come on the day of the examination. Not every examination "
            "produces images."
        )
    return _("There are no images of this examination in the portal. Not every examination produces images.")


def why_no_report(examination: Examination) -> str:
    if is_planned(examination):
        return _("The examination has not been performed yet. Images and report will be here afterwards.")
    if queries.is_without_reports(examination):
        return _("You act for somebody who has not shared reports with you.")
    if not queries.report_open(examination):
        return _held(examination, examination.report_why, examination.report_from) + "."
    if examination.report == ReportState.WITHDRAWN:
        return _(
            "The hospital has withdrawn the report, for example to correct it. A copy that you saved or printed no "
            "longer counts. A new report will appear here as soon as it is ready; we will tell you."
        )
    return _("There is no report yet. A doctor is still preparing it; we will tell you when it is here.")
