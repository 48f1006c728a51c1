from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory
from django.urls import resolve
from django.utils.translation import override

PAGE = '{% extends "ui/page.html" %}{% block main %}<h1>Tytuł</h1>{% endblock %}'
TABS = ["Moje badania", "Moje dokumenty", "Moje ankiety", "Moje udostępnienia"]


def drawn(request: HttpRequest, language: str = "pl", **context: Any) -> str:
    with override(language):
        return (
            engines["django"].from_string(PAGE).render({"portal_name": "Portal Pacjenta", **context}, request)
        )


@pytest.fixture
def surveys(rf: RequestFactory) -> HttpRequest:
    request = rf.get("/surveys/")
    request.resolver_match = resolve("/surveys/")
    request.session = {}  # type: ignore[assignment]
    request.account = None  # type: ignore[attr-defined]
    return request


def test_first_stop_is_the_skip_link(surveys: HttpRequest) -> None:
    page = drawn(surveys)

    first = re.search(r"<(?:a|button|input|summary)\b[^>]*>", page)

    assert first is not None
    assert 'href="#main"' in first[0]
    assert '<main id="main"' in page


def test_tabs_stand_in_the_manuals_order(surveys: HttpRequest) -> None:
    """M2.8."""
    page = drawn(surveys, person_name="Anna Nowak")

    nav = page[page.index('class="tabs') : page.index("</nav>")]
    found = re.findall(r'<a href="[^"]*"(?: aria-current="page")?>([^<]+)', nav)

    assert [label.strip() for label in found] == TABS


def test_the_open_tab_is_marked(surveys: HttpRequest) -> None:
    page = drawn(surveys, person_name="Anna Nowak")

    assert re.findall(r'aria-current="page">([^<]+)', page) == ["Moje ankiety"]


def test_surveys_tab_counts_open_ones(surveys: HttpRequest) -> None:
    """M2.8: with the number of open ones."""
    page = drawn(surveys, person_name="Anna Nowak", open_surveys=3)

    assert re.search(r'class="count"><span class="visually-hidden">otwarte: </span>3<', page)


def test_a_stranger_sees_no_tabs(surveys: HttpRequest) -> None:
    page = drawn(surveys)

    assert 'class="tabs' not in page
    assert "Wyloguj" not in page


def test_the_name_menu_is_complete(surveys: HttpRequest) -> None:
    """M8.1 and S14: everything about oneself is behind one's name."""
    page = drawn(surveys, person_name="Anna Nowak")

    menu = page[page.index("<details") : page.index("</details>")]

    for label in (
        "Anna Nowak",
        "Zmień hasło",
        "Moje dane kontaktowe",
        "Informacja o danych",
        "Kto oglądał",
        "Wyloguj",
    ):
        assert label in menu


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_the_page_says_its_language(surveys: HttpRequest, language: str) -> None:
    page = drawn(surveys, language)

    assert f'<html lang="{language}">' in page
    for code in ("pl", "en", "uk"):
        assert f'lang="{code}"' in page


def test_a_name_cannot_become_markup(surveys: HttpRequest) -> None:
    assert "<b>x" not in drawn(surveys, person_name="<b>x</b>")
