"""Every pair of colours that text, borders and focus rings use, computed by WCAG 2.2 (1.4.3, 1.4.11)."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from klisza import ui

TOKENS = (Path(ui.__file__).parent / "static" / "ui" / "tokens.css").read_text("utf-8")
TEXT = 4.5
SHAPE = 3.0
ON_PAGES = ("paper", "surface")
PAIRS = [
    *(
        (text, on, TEXT)
        for text, on in product(("ink", "ink-soft", "link", "link-hover"), (*ON_PAGES, "sunken"))
    ),
    *(
        (text, on, TEXT)
        for text, on in product(("bad-ink", "ok-ink", "wait-ink", "info-ink", "action", "danger"), ON_PAGES)
    ),
    *((f"{state}-ink", f"{state}-wash", TEXT) for state in ("ok", "wait", "bad", "info")),
    *((text, band, TEXT) for text, band in product(("band-ink", "band-soft", "mark"), ("band", "band-deep"))),
    ("action-ink", "action", TEXT),
    ("action-ink", "action-hover", TEXT),
    ("action-hover", "info-wash", TEXT),
    ("ink", "info-wash", TEXT),
    ("link", "info-wash", TEXT),
    ("ink-soft", "info-wash", TEXT),
    ("danger-ink", "danger", TEXT),
    ("danger-ink", "danger-hover", TEXT),
    ("mark-ink", "mark", TEXT),
    *((shape, on, SHAPE) for shape, on in product(("line-strong", "focus"), ON_PAGES)),
    ("band-line", "band", SHAPE),
    ("focus", "focus-halo", SHAPE),
]


def colours(theme: str) -> dict[str, str]:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    return found if theme == "light" else found | dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", dark))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lower, higher = sorted((luminance(one), luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_the_pair_can_be_read(theme: str, front: str, back: str, least: float) -> None:
    tokens = colours(theme)

    assert contrast(tokens[front], tokens[back]) >= least


def test_both_themes_name_the_same_colours() -> None:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")

    assert set(re.findall(r"--([a-z0-9-]+): #", light)) == set(re.findall(r"--([a-z0-9-]+): #", dark))
