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


def wrong_sentence() -> str:
    return _("The user name or the password is wrong. Please check both and try again.")
