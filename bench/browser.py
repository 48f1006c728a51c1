"""The viewer in a cold headless Chromium: until the preview stands there, until the first slice is drawn."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import data
from .servers import Klisza, Missing, answers, wait_for

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
DRAWN_WITHIN_MS = 120_000
PERSON = (
    "patient", "upsert", "--id", "BENCH", "--family", "Bench", "--given", "Phantom",
    "--birth-date", "1970-01-01", "--sex", "O", "--email", "bench@klisza.example", "--mobile", "+48600000000",
)  # fmt: skip
SIGN_IN = """
from importlib import import_module
from django.conf import settings
from django.http import HttpRequest
from klisza.accounts import clausetext, services, session
from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM
account = Account.objects.get(email="bench@klisza.example")
Account.objects.filter(pk=account.pk).update(state="active", password_is_temporary=False)
account.refresh_from_db()
services.accept_clause(account=account, version=clausetext.current_version(), language="pl", by=SYSTEM)
request = HttpRequest()
request.session = import_module(settings.SESSION_ENGINE).SessionStore()
session.sign_in(request, account)
request.session.save()
print("=" + settings.SESSION_COOKIE_NAME, request.session.session_key)
"""
EXAMINATION = """
from klisza.examinations.models import ExaminationStudy
link = ExaminationStudy.objects.filter(study__study_instance_uid={uid!r}, examination__visible=True).first()
print("=" + (str(link.examination_id) if link else ""))
"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, or Missing."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("playwright") from None
    if program is None:
        raise Missing("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def register(klisza: Klisza) -> None:
    """The phantom becomes a patient; call before the images are sent."""
    klisza.command(*PERSON)


def first_image(klisza: Klisza, browser: Any, mark: str) -> tuple[float, float]:
    """(preview, first slice) in milliseconds from the click on the link, with an empty cache."""
    cookie, key = klisza.said(SIGN_IN).split()
    address = f"http://127.0.0.1:{klisza.http}"
    examination = _examination(klisza, mark)
    wait_for(
        lambda: answers(f"{address}/viewer/{examination}/", {"Cookie": f"{cookie}={key}"}),
        30,
        "the viewer page",
    )
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": cookie, "value": key, "url": address}])
    page = context.new_page()
    try:
        begin = time.perf_counter()
        page.goto(f"{address}/viewer/{examination}/", wait_until="commit")
        page.locator("img[src*='/rendered']").first.wait_for(state="attached", timeout=DRAWN_WITHIN_MS)
        preview = (time.perf_counter() - begin) * 1000
        ended = page.locator("#picture[data-state=drawn], #picture[data-state=failed]")
        ended.wait_for(state="attached", timeout=DRAWN_WITHIN_MS)
        drawn = (time.perf_counter() - begin) * 1000
        if page.locator("#picture[data-state=failed]").count():
            raise RuntimeError("the viewer gave up")
        return preview, drawn
    finally:
        context.close()


def _examination(klisza: Klisza, mark: str) -> str:
    found: list[str] = []

    def look() -> bool:
        found[:] = [klisza.said(EXAMINATION.format(uid=data.study_uid(mark)))]
        return bool(found[0])

    wait_for(look, 60, "the examination")
    return found[0]
