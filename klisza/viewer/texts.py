"""Sentences of the viewer's script and of its help; `{name}` is filled in by frontend/viewer/texts.ts."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from klisza.ui import viewing


@dataclass(frozen=True)
class KeyRow:
    keys: tuple[str, ...]
    does: str


@dataclass(frozen=True)
class TouchRow:
    gesture: str
    does: str


def for_script() -> dict[str, str]:
    return _state() | _failures() | viewing.windows() | _modes()


def _state() -> dict[str, str]:
    return {
        **viewing.position(),
        "zoom": _("Zoom {zoom}×"),
        "measure_no_scale": _("no scale in this image"),
        "measure_detector": _("approximate: measured on the detector"),
        "series_unshowable": _(
            "This series cannot be shown in the browser. You can download it with the examination."
        ),
    }


def _failures() -> dict[str, str]:
    return {
        "failed_session": _(
            "You have been signed out because nothing happened for a while. Sign in to go on looking."
        ),
        "failed_gone": _(
            "These images are not available any more. Go back to the examination to see what is there."
        ),
        "failed_network": _(
            "The image did not arrive. Check the internet connection; we try again as soon as it is back."
        ),
        "failed_decode": _(
            "This image cannot be shown in the browser. Other images may work; all can be downloaded."
        ),
        "failed_start": _("The image viewer could not start. Try again, or use an up-to-date browser."),
    }


def _modes() -> dict[str, str]:
    return {
        "mode_window": _("Drag over the image: brightness and contrast"),
        "mode_pan": _("Drag the image to move it"),
        "mode_length": _("Draw a line over what you want to measure"),
        "mode_angle": _("Draw the first arm, then mark the end of the second"),
    }


def keys() -> list[KeyRow]:
    """The same keys as in frontend/viewer/keyboard.ts."""
    both = viewing.keys()
    return [
        KeyRow(("↑", "↓"), both["key_images"]),
        KeyRow(("PgUp", "PgDn"), both["key_ten"]),
        KeyRow(("Home", "End"), both["key_ends"]),
        KeyRow(("[", "]"), both["key_series"]),
        KeyRow((both["space"],), _("play or pause a moving picture")),
        KeyRow(("+", "−", "0"), both["key_zoom"]),
        KeyRow(("Shift + ← ↑ → ↓",), both["key_move"]),
        KeyRow(("1", "2", "…"), _("ready-made brightness: automatic, then as in the list")),
        KeyRow(("B", "D"), both["key_brightness"]),
        KeyRow(("K", "M"), both["key_contrast"]),
        KeyRow(("I",), both["key_invert"]),
        KeyRow(("R", "H", "V"), _("rotate, mirror, upside down")),
        KeyRow(("Delete",), _("delete a measurement")),
        KeyRow(("Z",), both["key_reset"]),
        KeyRow(("O",), both["key_report"]),
        KeyRow(("F",), _("full screen")),
    ]


def touches() -> list[TouchRow]:
    return [
        TouchRow(_("One finger up or down"), viewing.keys()["key_images"]),
        TouchRow(_("Two fingers"), _("zoom and move the image")),
        TouchRow(_("Two quick taps"), _("zoom in; again: whole image")),
    ]
