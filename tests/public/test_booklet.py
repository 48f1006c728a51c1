from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from pytest_django import Settings

import klisza
from klisza.public import booklet

CHAPTERS = [
    "1. Dostęp do Portalu",
    "2. Aktywacja konta oraz logowanie do systemu",
    "3. Dostęp do wyników obrazowych badań diagnostycznych",
    "4. Dostęp do innych dokumentów",
    "5. Kwestionariusze, ankiety",
    "6. Dodawanie dokumentów oraz badań obrazowych poprzez e-Portal",
    "7. Udostępnianie wyniku badania",
    "8. Zmiana hasła",
]
LANGUAGES = ["pl", "en", "uk"]


def test_chapters_are_called_as_in_the_manual() -> None:
    """M0.6."""
    assert [str(chapter.title) for chapter in booklet.load("pl").chapters] == CHAPTERS


@pytest.mark.parametrize("language", LANGUAGES)
def test_contents_lead_to_the_chapters(language: str) -> None:
    text = booklet.load(language)

    assert len(text.chapters) == 8
    for chapter in text.chapters:
        assert f'<h2 id="{chapter.anchor}">' in text.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_placeholder_is_left(language: str) -> None:
    assert not re.search(r"[{}]|\*\*", booklet.load(language).body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_same_build(language: str) -> None:
    tags = [re.findall(r"<(h[23]|ol|ul|li|p)\b", booklet.load(code).body) for code in ("pl", language)]

    assert tags[0] == tags[1]


def test_the_title_is_the_manuals() -> None:
    """M0.6: exactly so, under the portal's name."""
    assert booklet.load("pl").title == "PORTAL PACJENTA – INSTRUKCJA DLA PACJENTA"


def test_a_name_cannot_become_markup(settings: Settings) -> None:
    settings.SUPPORT_HOURS = "<script>x</script>"
    booklet.load.cache_clear()

    body = booklet.load("pl").body

    booklet.load.cache_clear()
    assert "<script>" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_those_of_the_interface(language: str) -> None:
    """What stands in bold is what the reader will look for on the screen."""
    catalogs = Path(klisza.__file__).parent.glob(f"*/locale/{'pl' if language == 'en' else language}/**/*.po")
    entries = [entry for catalog in catalogs for entry in polib.pofile(str(catalog))]
    shown = {entry.msgid if language == "en" else entry.msgstr for entry in entries}

    labels = re.findall(r"<strong>(.*?)</strong>", booklet.load(language).body)

    assert labels
    assert [label for label in labels if label.replace("\u00a0", " ") not in shown] == []
