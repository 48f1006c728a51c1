from __future__ import annotations

from pathlib import Path

import pytest
from django.template.loader import get_template

import klisza

PACKAGE = Path(klisza.__file__).parent
TEMPLATES = sorted(
    path.relative_to(folder).as_posix()
    for folder in PACKAGE.glob("*/templates")
    for path in folder.rglob("*")
    if path.suffix in (".html", ".txt")
)
PAGES = [name for name in TEMPLATES if "mail" not in name]
ICONS = [name for name in TEMPLATES if name.startswith("ui/icons/")]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles(name: str) -> None:
    assert get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_no_template_breaks_the_policy(name: str) -> None:
    """script-src and style-src know only 'self': whatever is written into the page would be dead."""
    text = (next(PACKAGE.glob(f"*/templates/{name}"))).read_text("utf-8")

    assert " style=" not in text
    assert " onclick=" not in text
    assert "javascript:" not in text


@pytest.mark.parametrize("name", ICONS)
def test_icons_are_silent_for_screen_readers(name: str) -> None:
    icon = get_template(name).render()

    assert 'aria-hidden="true"' in icon
    assert 'focusable="false"' in icon
