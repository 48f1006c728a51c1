"""Sentences of the offline viewer; all three languages travel along. `{name}` is filled in by the script."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.ui import viewing


def in_all_languages() -> dict[str, dict[str, str]]:
    """Language code -> key -> sentence."""
    found = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found[code] = _start() | _parts() | _controls() | viewing.windows() | _help()
    return found


def names() -> dict[str, str]:
    """Each language by its own name."""
    return {"pl": "Polski", "en": "English", "uk": "Українська"}


def unpack() -> str:
    return _(
        "The images cannot be found. Unpack the whole ZIP file first, then open INDEX.HTM in the unpacked folder."
    )


def disclaimer() -> str:
    return _("This viewer is for looking at the images. Doctors diagnose with the files in the folder DICOM.")


def _start() -> dict[str, str]:
    return {
        "unpack": unpack(),
        "disclaimer": disclaimer(),
        "nothing": _("There are no images to show here. The folder DICOM holds all files."),
        "old_browser": _("This browser is too old to show the images. Use an up-to-date Chrome, Edge, Firefox or Safari."),
    }  # fmt: skip


def _parts() -> dict[str, str]:
    return {
        **viewing.position(),
        "title": _("Image viewer"),
        "born": _("born {date}"),
        "series_list": _("Series"),
        "untitled": _("Series {number}"),
        **_counted(),
        "report": _("Report"),
        "report_page": _("Report, page {number}"),
        "report_file": _("This part of the report is in the folder REPORT."),
        "unshowable": _("This image cannot be shown here. It is in the folder DICOM."),
    }


def _counted() -> dict[str, str]:
    """By the names that a browser's Intl.PluralRules gives the forms of a language."""
    sample = {"one": 1, "few": 2, "many": 5, "other": 5}
    return {f"images_{form}": ngettext("{n} image", "{n} images", n) for form, n in sample.items()}


def _controls() -> dict[str, str]:
    return {
        "language": _("Language"),
        "about": _("About these files"),
        "close": _("Close"),
        "play": _("Play"),
        "pause": _("Pause"),
        "previous": _("Previous image"),
        "next": _("Next image"),
        "position": _("Position in the series"),
        "mode": _("What dragging does"),
        "mode_browse": _("Browse"),
        "mode_window": _("Brightness"),
        "mode_move": _("Move"),
        "presets": _("Ready-made brightness"),
        "invert": _("Negative"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "reset": _("As at the beginning"),
        "help": _("Keys and gestures"),
    }


def _help() -> dict[str, str]:
    """The same as in frontend/offline-viewer/controls.ts."""
    return {
        **viewing.keys(),
        "key_play": _("play or pause"),
        "key_presets": _("ready-made brightness"),
        "touch_one": _("One finger up or down: previous or next image"),
        "touch_two": _("Two fingers: zoom and move the image"),
        "touch_tap": _("Two quick taps: zoom in; again: whole image"),
        "mouse": _("Mouse: drag changes brightness, the wheel turns over the images"),
    }
