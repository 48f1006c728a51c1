"""A copy that is on its way when the owner revokes: the running portal ends it within two seconds."""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from tests.archive.studies import ct, write
from tests.portal import Portal
from tests.stories import markup
from tests.stories.sharing import text_of
from tests.stories.visitor import Visitor, read_account_mail

EMAIL, MOBILE, MRN, DOCTOR = "ewa.cut@poczta.example", "+48600190190", "CUT-1", "lekarz.cut@klinika.example"
PIN = "493127"
OBJECTS, SIDE = 24, 1024  # 48 MiB: more than any socket holds
PIECE = 64 * 1024
PAUSE = 0.008  # 8 MB/s: the whole copy takes six seconds, what sockets hold less than one
CUT_SECONDS = 2.0


@pytest.fixture(scope="module")
def owner(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    portal.klisza(
        "patient", "upsert", "--id", MRN, "--family", "Cięta", "--given", "Ewa",
        "--birth-date", "1960-02-29", "--email", EMAIL, "--mobile", MOBILE,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("large")
    noise = np.random.default_rng(1).integers(0, 4096, (OBJECTS, SIDE, SIDE), dtype=np.uint16)
    known = {
        "PatientID": MRN, "PatientName": "Cieta^Ewa", "PatientBirthDate": "19600229",
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.77", "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.78",
    }  # fmt: skip
    for number, pixels in enumerate(noise, 1):
        write(ct(pixels, number=number, **known), folder)
    portal.klisza("import", str(folder))
    with contextlib.closing(Visitor(portal)) as visitor:
        visitor.sign_in(read_account_mail(portal, EMAIL, MOBILE, MRN))
        portal.wait_for(lambda: _examination(visitor), seconds=60, what="the examination")
        yield visitor


def test_a_running_copy_of_a_guest_ends_in_two_seconds(portal: Portal, owner: Visitor) -> None:
    """R53: revoking ends a ZIP that is being downloaded."""
    share = _share(owner)
    received = 0
    with contextlib.closing(Visitor(portal)) as guest, _download(guest, _link(portal)) as answer:
        length = int(answer.headers["content-length"])
        pieces = _slowly(answer)
        received += sum(len(piece) for piece in itertools.islice(pieces, 20))
        _revoke(owner, share)
        began = time.monotonic()
        with pytest.raises(httpx.TransportError):
            received += sum(len(piece) for piece in pieces)
        assert time.monotonic() - began < CUT_SECONDS
    assert received < length


def _examination(visitor: Visitor) -> str:
    found = re.search(r"/examinations/[0-9a-f-]{36}/", visitor.open("/examinations/").text)
    return found.group() if found else ""


def _share(owner: Visitor) -> str:
    """Through the dialog; returns the address of the share's page."""
    page = owner.open(_examination(owner) + "share/outside/")
    confirm = owner.submit(page, email=DOCTOR, pin=PIN, pin_way="self")
    made = owner.submit(confirm, draft=_field(confirm, "draft"))
    assert made.status_code == 200
    found = re.search(r"/shares/[0-9a-f-]{36}/", owner.open("/shares/").text)
    assert found
    return found.group()


def _link(portal: Portal) -> str:
    mail = portal.wait_for(lambda: portal.mails(DOCTOR), what="the mail with the link")[0]
    found = re.search(r"/s/[\w-]+/", text_of(mail))
    assert found
    return found.group()


@contextlib.contextmanager
def _download(guest: Visitor, link: str) -> Iterator[httpx.Response]:
    screen = guest.submit(guest.open(link), pin=PIN)
    address = re.search(r"/s/open/[0-9a-f-]{36}/[0-9a-f-]{36}/download/", screen.text)
    assert address, screen.url
    page = guest.open(address.group())
    wish = {"csrfmiddlewaretoken": _field(page, "csrfmiddlewaretoken"), "what": "all", "form": "stored"}
    begun = guest.http.post(address.group(), data=wish, headers=guest.origin())
    assert begun.status_code == 303, begun.text
    with guest.http.stream("GET", begun.headers["location"] + "file/") as answer:
        assert answer.status_code == 200
        yield answer


def _slowly(answer: httpx.Response) -> Iterator[bytes]:
    for piece in answer.iter_raw(PIECE):
        time.sleep(PAUSE)
        yield piece


def _revoke(owner: Visitor, share: str) -> None:
    page = owner.open(share)
    form = next(form for form in markup.read(page.text).forms if form.action.endswith("/revoke/"))
    answer = owner.http.post(form.action, data=form.fields, headers=owner.origin())
    assert answer.is_redirect


def _field(page: httpx.Response, name: str) -> str:
    return next(form.fields[name] for form in markup.read(page.text).forms if name in form.fields)
