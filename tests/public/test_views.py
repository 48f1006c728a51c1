"""The public face (manual, chapter 0; S1-S6)."""

from __future__ import annotations

from datetime import date
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from klisza.examinations import kinds

pytestmark = pytest.mark.django_db


def page(client: Client, path: str = "/", language: str = "pl") -> str:
    response = client.get(path, headers={"accept-language": language})
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_home_names_every_shown_kind(client: Client) -> None:
    """M0.2: the same table the lists use."""
    text = page(client, language="en")

    for kind in kinds.SHOWN:
        assert f"<dt>{kind.label}</dt>" in text


def test_home_names_the_manuals_kinds(client: Client) -> None:
    """M0.2: the labels of the manual."""
    text = page(client)

    for label in ("MR", "TK", "MMG", "RTG", "USG", "biopsje gruboigłowe", "radiologia zabiegowa"):
        assert f"<dt>{label}</dt>" in text


def test_home_tells_since_when(client: Client, settings: Settings) -> None:
    """S20: the date of the setting."""
    settings.SHOW_FROM = date(2021, 5, 1)

    assert "01.05.2021" in page(client)


def test_home_without_cut_off_names_no_date(client: Client) -> None:
    assert "Badania, które szpital przekazał do portalu" in page(client)


def test_home_tells_how_to_get_an_account(client: Client) -> None:
    """M0.3."""
    text = page(client)

    assert "Jak uzyskać konto" in text
    assert "głównej rejestracji" in text
    assert "konto pojawi się potem samo" in text


def test_home_leads_to_login_and_instruction(client: Client) -> None:
    text = page(client)

    assert 'href="/login/"' in text
    assert "PORTAL PACJENTA – INSTRUKCJA DLA PACJENTA" in text
    assert 'href="/instruction.pdf"' in text


@pytest.mark.parametrize("path", ["/", "/instruction/", "/browser/"])
def test_every_page_names_support(client: Client, path: str) -> None:
    """M0.5."""
    text = page(client, path)

    assert "pomoc@szpital.example" in text
    assert "+48 22 000 00 00" in text
    assert "pn.–pt. 7:30–15:00" in text


@pytest.mark.parametrize("path", ["/", "/instruction/", "/browser/"])
@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_every_page_has_one_heading(client: Client, path: str, language: str) -> None:
    text = page(client, path, language)

    assert text.count("<h1") == 1
    assert f'<html lang="{language}">' in text


def test_the_instruction_has_its_contents(client: Client) -> None:
    """M0.6."""
    text = page(client, "/instruction/")

    assert "Spis treści" in text
    assert 'href="#chapter-8"' in text


def test_the_pdf_comes_with_its_size(client: Client) -> None:
    """M0.6: the size stands beside the link once the PDF is there."""
    pdf = client.get("/instruction.pdf", headers={"accept-language": "pl"})
    body = b"".join(pdf)

    assert pdf.headers["Content-Type"] == "application/pdf"
    assert body.startswith(b"%PDF-")
    assert "(PDF, " in page(client)


def test_the_old_browsers_page_needs_no_script(client: Client) -> None:
    """S5."""
    text = page(client, "/browser/")

    assert "<script" not in text
    assert "Mozilla Firefox" in text


@pytest.mark.parametrize("path", ["/", "/instruction/", "/browser/"])
def test_nobody_else_is_asked(client: Client, path: str) -> None:
    """No page loads anything from another place."""
    text = page(client, path)

    for attribute in ('src="http', 'href="https://', '<link rel="stylesheet" href="http'):
        assert attribute not in text


def test_nothing_is_changed_here(client: Client) -> None:
    assert client.post("/").status_code == 405
