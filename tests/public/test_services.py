from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from klisza.base import sandbox
from klisza.base.errors import SandboxFailed, Unavailable
from klisza.public import booklet, jobs, services


@pytest.fixture(autouse=True)
def fresh(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    _forget()
    yield
    _forget()


def _forget() -> None:
    booklet.load.cache_clear()
    services._page.cache_clear()


def test_the_pdf_is_tagged_and_named() -> None:
    """M0.6: the title; trust.md 7.12: tagged, PDF/UA."""
    path = services.make_pdf("pl")

    told, metadata = (
        subprocess.run(["pdfinfo", *options, path], capture_output=True, text=True, check=True).stdout
        for options in ([], ["-meta"])
    )

    assert "PORTAL PACJENTA – INSTRUKCJA DLA PACJENTA" in told
    assert "Tagged:          yes" in told
    assert "pdfuaid" in metadata


def test_the_pdf_tells_what_the_page_tells() -> None:
    text = subprocess.run(
        ["pdftotext", services.make_pdf("pl"), "-"], capture_output=True, text=True, check=True
    ).stdout

    assert "Aktywacja konta oraz logowanie do systemu" in text
    assert "pomoc@szpital.example" in text


def test_the_pdf_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.make_pdf("en")
    monkeypatch.setattr(sandbox, "call", lambda *_, **__: pytest.fail("typeset again"))

    assert services.make_pdf("en") == first
    assert services.pdf_size("en") == first.stat().st_size


def test_a_new_telephone_makes_a_new_pdf(settings: Settings) -> None:
    first = services.make_pdf("en")
    settings.SUPPORT_PHONE = "+48 22 111 11 11"
    _forget()

    second = services.make_pdf("en")

    assert second != first
    assert not first.exists()


def test_the_worker_makes_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in its first minute."""
    monkeypatch.setattr(jobs, "_BEGAN", time.monotonic())
    assert jobs.run_instructions() == 0
    assert services.pdf_size("uk") is None

    monkeypatch.setattr(jobs, "_BEGAN", time.monotonic() - jobs.MINUTE)
    assert jobs.run_instructions() == 3
    assert jobs.run_instructions() == 0


def test_a_broken_typesetter_asks_for_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SandboxFailed("crash: SIGKILL")

    monkeypatch.setattr(sandbox, "call", fail)

    with pytest.raises(Unavailable):
        services.make_pdf("pl")
    assert services.pdf_size("pl") is None
