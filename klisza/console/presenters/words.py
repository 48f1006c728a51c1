"""Codes of our tables in words that a clerk understands."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy, pgettext_lazy

REASONS = {
    "no_patient_id": gettext_lazy("The images carry no patient identifier"),
    "unknown_patient": gettext_lazy("No patient with this identifier is known"),
    "birth_date_differs": gettext_lazy("The date of birth differs from the patient's"),
    "name_differs": gettext_lazy("The name differs from the patient's"),
}
OBJECTS = {
    "same_uid_other_bytes": gettext_lazy("An image that is already there came again with another content"),
    "same_study_other_patient": gettext_lazy("Images of one study name two patients"),
    "unreadable": gettext_lazy("The object cannot be read"),
}
TASKS = {
    "no_email": gettext_lazy("E-mail address is missing"),
    "no_mobile": gettext_lazy("Mobile number is missing"),
    "number_not_allowed": gettext_lazy("No codes can be sent to this telephone number"),
    "no_birth_date": gettext_lazy("Date of birth is missing"),
    "under_age": gettext_lazy("The patient is under 18: no account of one's own"),
    "contact_change": gettext_lazy(
        "The record has another e-mail or mobile than the account: check with the patient"
    ),
}
MESSAGES = {
    "account": gettext_lazy("First letter with the temporary password"),
    "code": gettext_lazy("Code for signing in"),
    "reset": gettext_lazy("Link for a new password"),
    "names": gettext_lazy("Forgotten user name"),
    "locked": gettext_lazy("Note that the account is locked"),
    "password": gettext_lazy("Note that the password was changed"),
    "notice": gettext_lazy("Note about a new result"),
}
CHANNELS = {"mail": pgettext_lazy("a message", "e-mail"), "sms": pgettext_lazy("a message", "text message")}


def word(table: Mapping[str, object], code: str) -> str:
    """A code nobody has translated yet is still better than nothing."""
    return str(table.get(code, code))
