"""What became of a file, in plain words: for the patient without anything about others, for staff with the cause."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .models import HandedFile

Kind, State = HandedFile.Kind, HandedFile.State
KINDS = {
    Kind.DICOM: _("Images of an examination"),
    Kind.PDF: _("PDF document"),
    Kind.IMAGE: _("Photo or scan"),
    Kind.ARCHIVE: _("ZIP file"),
    Kind.OTHER: _("Other file"),
}
STATES = {
    State.WAITING: _("waits to be sent"),
    State.ARRIVED: _("has arrived"),
    State.SORTED: _("has arrived"),
    State.QUARANTINED: _("has arrived, the hospital looks at it first"),
    State.REFUSED: pgettext_lazy("file", "not taken"),
    State.SKIPPED: _("not needed"),
    State.ACCEPTED: pgettext_lazy("file", "taken over by the hospital"),
}
# Said to the patient beside the file.
REASONS = {
    "empty": _("The file is empty. Please copy it from the disc once more."),
    "damaged": _("The file is damaged or not what its name says."),
    "cut_off": _("The end of this photo is missing. Please copy or take it once more."),
    "too_large": _("The file is too large."),
    "locked": _("The PDF is protected by a password. Please save it without one."),
    "type": _("This kind of file is not taken. Please save it as a PDF or a photo."),
    "active": _("Web pages and drawings with commands in them are not taken. Please save it as a PDF."),
    "disguised": _("The file is not what its name says."),
    "program": _("Programs are not taken."),
    "accessory": _("Belongs to the program on the disc and is not needed."),
    "medium_index": _("The list of contents of the disc is not needed."),
    "duplicate": _("The same file is on the list already."),
    "other_archive": _("Please unpack this archive, or pack the files as ZIP."),
    "two_in_one": _("Two kinds of file in one. The hospital looks at it first."),
    "unreadable": _("The file could not be read. The hospital looks at it first."),
    "big_endian": _("An old kind of image that the portal cannot convert. The hospital looks at it first."),
    "same_uid": _("The hospital looks at it first."),
    "other_person": _("Images of somebody else."),
    "virus": _("The virus scanner has stopped this file."),
    "unscanned": _("Too large for the virus scanner. The hospital looks at it first."),
    "too_many_entries": _("There are too many files in this ZIP file."),
    "bomb": _("This ZIP file unpacks to far more than images."),
    "zip_locked": _("The ZIP file is protected by a password. Please pack it without one."),
    "zip_in_zip": _("A ZIP file inside of a ZIP file is not opened. Please unpack it."),
    "link": _("A shortcut to another place is not followed."),
    "staff": _("The hospital did not take this file."),
}
# What staff read on top of it.
CAUSES = {
    "same_uid": _("Another object has the same SOP Instance UID, or it belongs to another patient."),
    "virus": _("The virus scanner has found: %(name)s"),
    "unscanned": _("Larger than clamd's StreamMaxLength."),
    "other_person": _("The patient says: this is not me."),
    "damaged": _("No data set we can rely on."),
    "unreadable": _("The sandboxed reader died or took too long."),
    "two_in_one": _("A polyglot: two formats in one file."),
    "big_endian": _(
        "Explicit VR Big Endian that cannot be converted: ask the other hospital for the images in Explicit VR Little"
        " Endian."
    ),
    "disguised": _("The content is a program or a page under the name of a document."),
}


def reason_of(file: HandedFile) -> str:
    return str(REASONS.get(file.reason, ""))


def cause_of(file: HandedFile) -> str:
    """For staff; the patient's sentence where there is no more to say."""
    sentence = str(CAUSES.get(file.reason, REASONS.get(file.reason, "")))
    return sentence % {"name": file.facts.get("virus", "")} if file.reason == "virus" else sentence
