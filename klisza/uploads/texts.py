"""Sentences of the uploader's script; `{name}` stands for a value."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from . import wording

TEXTS = {
    "reading": _("Looking at the files: {done} of {all}"),
    "listed": _("{files} on the list, {bytes} in all"),
    "list_empty": _("No file on the list yet."),
    "left_out": _("{files} of the disc's own program are not needed and stay out."),
    "left_out_empty": _("{files} are empty and stay out."),
    "duplicate": _("{files} are on the list already."),
    "too_many": _("That is too many files: at most {most} fit into one delivery."),
    "too_much": _("That is too much: at most {most} fit into one delivery."),
    "nothing": _("There is no file in it."),
    "images_of": _("Images: {name}"),
    "images_nobody": _("Images without a name"),
    "born": _("born {date}"),
    "documents": _("Documents and photos"),
    "is_you": _("Is this you?"),
    "is_same": _("This is you."),
    "is_other": _("Another name or date of birth is written in these images. Is this you?"),
    "yes": _("Yes, this is me"),
    "no": _("No, leave them out"),
    "answer_first": _("Please answer first: is this you?"),
    "remove": pgettext_lazy("file", "Remove"),
    "remove_name": _("Remove {name}"),
    "title": pgettext_lazy("file", "Title"),
    "description": _("Description"),
    "describe": _("Title and description"),
    "edit": _("Crop or correct"),
    "edit_name": _("Crop or correct {name}"),
    "show_all": _("Show all {files}"),
    "checking": _("Writing down the list"),
    "sending": _("Sending: {done} of {all}, {percent} %"),
    "files_sent": _("files: {done} of {all}"),
    "time_left": _("about {minutes} left"),
    "offline": _("The connection is gone. Sending goes on by itself as soon as it is back."),
    "busy": _("The portal is busy. Sending goes on in a moment."),
    "login": _("You have been logged out. Log in again in a new tab, then press “Continue sending” here."),
    "login_link": _("Log in in a new tab"),
    "continue": _("Continue sending"),
    "resume": _("Not everything has arrived: {missing} are missing. Choose the same folder or files again."),
    "resume_none": _(
        "None of these files is missing. Please choose the folder or the files you chose before."
    ),
    "resume_some": _("{found} of the missing files found. Sending goes on."),
    "failed": _("{name} could not be read from your device. Choose it again to go on."),
    "refused": _("The delivery was ended by the hospital."),
    "done": _("Everything has arrived. Thank you."),
    "receipt": _("Receipt"),
    "leave": _("Files are still being sent."),
    "list_failed": _("The list could not be sent. Please try again."),
    "state_waiting": _("waits"),
    "state_sending": _("is being sent"),
    "state_arrived": _("has arrived"),
    "state_failed": _("not sent"),
    "files_one": _("{n} file"),
    "files_few": pgettext_lazy("few", "{n} files"),
    "files_many": pgettext_lazy("many", "{n} files"),
    "files_other": _("{n} files"),
    "minutes_one": _("{n} minute"),
    "minutes_few": pgettext_lazy("few", "{n} minutes"),
    "minutes_many": pgettext_lazy("many", "{n} minutes"),
    "minutes_other": _("{n} minutes"),
}


def all_texts() -> dict[str, str]:
    kinds = {f"kind_{kind}": str(word) for kind, word in wording.KINDS.items()}
    reasons = {f"reason_{code}": str(word) for code, word in wording.REASONS.items()}
    return kinds | reasons | {key: str(text) for key, text in TEXTS.items()}
