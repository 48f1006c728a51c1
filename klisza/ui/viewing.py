"""Sentences that both viewers say, the portal's and the one in a copy; `{name}` is filled in by their scripts."""

from __future__ import annotations

from django.utils.translation import gettext as _


def position() -> dict[str, str]:
    return {
        "loading": _("Loading the images…"),
        "image": _("Image {number} of {total}"),
        "series": _("Series {number}: {title}"),
        "window": _("Window {center} / {width}"),
    }


def windows() -> dict[str, str]:
    return {
        "preset_auto": _("Automatic"),
        "preset_lung": _("Lungs"),
        "preset_bone": _("Bones"),
        "preset_brain": _("Brain"),
        "preset_abdomen": _("Abdomen"),
        "preset_vessels": _("Vessels"),
    }


def keys() -> dict[str, str]:
    """What the keys do that both have, and how the space bar is called."""
    return {
        "key_images": _("previous or next image"),
        "key_ten": _("ten images back or forward"),
        "key_ends": _("first or last image"),
        "key_series": _("previous or next series"),
        "key_zoom": _("zoom in, zoom out, whole image"),
        "key_move": _("move the image"),
        "key_brightness": _("brighter, darker"),
        "key_contrast": _("more contrast, less contrast"),
        "key_invert": _("negative"),
        "key_reset": _("everything as at the beginning"),
        "key_report": _("show or hide the report"),
        "space": _("Space"),
    }
