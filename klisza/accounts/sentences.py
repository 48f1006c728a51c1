"""Sentences that stand in more than one place."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _


def support_contact() -> str:
    """E-mail, telephone, hours: whatever the hospital has given, separated by commas."""
    return ", ".join(
        part for part in (settings.SUPPORT_EMAIL, settings.SUPPORT_PHONE, settings.SUPPORT_HOURS) if part
    )


def locked_sentence() -> str:
    """M8.3, word for word in Polish."""
    return _("The account has been locked. To unlock it, please contact support: %(contact)s") % {
        "contact": support_contact()
    }


def suspended_sentence() -> str:
    """Said after the right password: neither why, nor whether the person was mixed up with another one."""
    return _(
        "This account cannot be used at the moment. Please contact the registration desk: %(contact)s"
    ) % {"contact": support_contact()}


def provider_away_sentence() -> str:
    return _(
        "The other service does not answer at the moment. Please try again later, or log in another way."
    )


def identity_refused_sentence() -> str:
    return _("Your identity could not be confirmed. Please try again, or log in another way.")


def cancelled_sentence() -> str:
    return _("You have stopped logging in at the other service. Nothing has changed.")


def handover_dead_sentence() -> str:
    return _("This took too long, was already done, or was begun in another browser. Please start again.")


def wrong_sentence() -> str:
    return _("The user name or the password is wrong. Please check both and try again.")
