"""Pages of the patient whose examinations stand in every state (tests/hospital/states.py), by name."""

from __future__ import annotations

import contextlib
import html
import re
from typing import Any

from tests.hospital.states import EMAIL, MOBILE, STATES, Teller
from tests.portal import Portal

from .visitor import Visitor, is_signed_in, read_account_mail

DETAILS = [name for name in STATES if name != "cancelled"]
REPORTS = ["addendum", "cda", "corrected", "pdf", "structured", "text"]
VIEWED = ("cda", "corrected")
NAMES = [
    "many-states", "many-documents", *DETAILS, *(f"report-{name}" for name in REPORTS),
    "report-earlier", "document", *(f"viewer-{name}" for name in VIEWED),
]  # fmt: skip
SHOWN = {
    "addendum": "Uzupełnienie z",
    "structured": "Opis dostępny",
    "pdf": "report-page",
    "cda": "Oryginalny",
}
FED: dict[str, tuple[dict[str, str], list[dict[str, Any]]]] = {}


def fed(portal: Portal) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Addresses and the cookies of her session; the hospital tells all of it once for each portal."""
    if portal.url not in FED:
        teller = Teller(portal)
        teller.tell()
        with contextlib.closing(Visitor(portal)) as visitor:
            visitor.sign_in(read_account_mail(portal, EMAIL, MOBILE))
            pages = portal.wait_for(lambda: _complete(visitor), seconds=120, what="every state")
            teller.reject_images()
            gone = pages["images-withdrawn"]
            portal.wait_for(lambda: "Szpital wycofał obrazy" in visitor.open(gone).text, what="no images")
            FED[portal.url] = (_all(visitor, pages), visitor.cookies())
    pages, cookies = FED[portal.url]
    if not is_signed_in(portal, cookies):
        with contextlib.closing(Visitor(portal)) as visitor:
            visitor.sign_in(read_account_mail(portal, EMAIL, MOBILE))
            FED[portal.url] = pages, visitor.cookies()
    return FED[portal.url]


def _complete(visitor: Visitor) -> dict[str, str]:
    """The examinations by the names of their states, once what jobs make of the messages is there too."""
    listed = visitor.open("/examinations/").text
    found = {html.unescape(title): path for path, title in re.findall(_LINK, listed)}
    pages = {
        name: path for name in DETAILS for title, path in found.items() if title.endswith(STATES[name].title)
    }
    if len(pages) < len(DETAILS) or listed.count("Obrazy dostępne") < _SHOWN_IMAGES:
        return {}
    there = all(word in visitor.open(pages[name]).text for name, word in SHOWN.items())
    return pages if there and len(_documents(visitor)) == 2 else {}


_LINK = r'<h2 class="row-title"><a href="(/examinations/[0-9a-f-]{36}/)">([^<]+)<'
_SHOWN_IMAGES = sum(one.images for one in STATES.values()) - 2  # those of two are held
_REPORT = r"(/examinations/[0-9a-f-]{36}/reports/[0-9a-f-]{36}/)"


def _documents(visitor: Visitor) -> list[str]:
    listed = visitor.open("/documents/").text
    return list(re.findall(r'href="(/documents/[0-9a-f-]{36}/)"', listed))


def _all(visitor: Visitor, pages: dict[str, str]) -> dict[str, str]:
    reports = {f"report-{name}": _report(visitor, pages[name], r"file/") for name in REPORTS}
    return {
        "many-states": "/examinations/",
        "many-documents": "/documents/",
        **pages,
        **reports,
        "report-earlier": _report(visitor, pages["corrected"], '"'),
        "document": _documents(visitor)[0],
        **{f"viewer-{name}": pages[name].replace("/examinations/", "/viewer/") for name in VIEWED},
    }


def _report(visitor: Visitor, page: str, end: str) -> str:
    found = re.search(f'href="{_REPORT}{end}', visitor.open(page).text)
    assert found, page
    return found.group(1)
