"""R10 and its neighbours: everything one patient can reach, asked for by everybody else, at two web servers."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.portal import Portal
from tests.stories import markup
from tests.stories.sites import PATIENT_PAGES
from tests.stories.visitor import Person, Visitor, read_account_mail

from .farm import second_web

A = ("anna.kowalczyk@poczta.example", "+48600100101")
B = ("maria.zielinska@poczta.example", "+48600100103")
HALF = ("piotr.kaminski@poczta.example", "+48600100104")
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What only pages about A may say.
WORDS_OF_A = (b"Kowalczyk", b"DEMO-0001", b"TK/2026/11804", "TK głowy".encode())
REFUSED = {401, 403, 404, 405}
UNKNOWN = "00000000-0000-7000-8000-000000000000"
STATE_TABLES = (
    "accounts_account", "accounts_code", "accounts_reset", "accounts_clauseacceptance",
    "patients_patient", "examinations_examination", "examinations_report", "documents_document",
    "archive_study", "archive_instance",
)  # fmt: skip


@dataclass
class Cast:
    """Four people at four browsers, and everything A's browser could reach."""

    portal: Portal
    a: Visitor
    b: Visitor
    anonymous: Visitor
    half: Visitor
    second: str = ""
    reached: dict[str, httpx.Response] = field(default_factory=dict)
    owned: dict[str, httpx.Response] = field(default_factory=dict)

    def others(self) -> dict[str, Visitor]:
        return {"B": self.b, "anonymous": self.anonymous, "half logged in": self.half}


@pytest.fixture(scope="module")
def cast(demo_portal: Portal) -> Iterator[Cast]:
    people = Cast(demo_portal, *(Visitor(demo_portal) for _ in range(4)))
    with second_web(demo_portal) as (_process, people.second):
        yield from _playing(people, demo_portal)


def _playing(people: Cast, demo_portal: Portal) -> Iterator[Cast]:
    people.a.sign_in(_person(demo_portal, A))
    people.b.sign_in(_person(demo_portal, B))
    page = people.half.enter_password(_person(demo_portal, HALF))
    assert urlsplit(str(page.url)).path == "/login/code/"
    people.reached = people.a.crawl(*PATIENT_PAGES.values())
    people.reached |= _images(people)
    people.owned = {
        address: answer for address, answer in people.reached.items() if _is_owned(address, answer)
    }
    yield people
    for visitor in (people.a, people.b, people.anonymous, people.half):
        visitor.close()


def _person(portal: Portal, contact: tuple[str, str]) -> Person:
    return read_account_mail(portal, *contact)


def _is_owned(address: str, answer: httpx.Response) -> bool:
    path = urlsplit(address).path
    return (
        answer.status_code == 200 and UNKNOWN not in path and bool(UUID.search(path) or "/dicom-web/" in path)
    )


def _images(people: Cast) -> dict[str, httpx.Response]:
    """What the viewer's script fetches: metadata, previews, and the first and last frame of each series."""
    found: dict[str, httpx.Response] = {}
    for address, answer in list(people.reached.items()):
        config = (
            re.search(r'<script id="viewer-config"[^>]*>(.*?)</script>', answer.text)
            if _is_html(answer)
            else None
        )
        for row in json.loads(config.group(1))["series"] if config else []:
            base = json.loads(config.group(1))["base"]  # type: ignore[union-attr]
            series = urljoin(address, f"{base}/studies/{row['study']}/series/{row['series']}")
            for part in ("metadata", "thumbnail", "rendered"):
                found[f"{series}/{part}"] = people.a.http.get(f"{series}/{part}")
            for item in found[f"{series}/metadata"].json()[:1]:
                frame = f"{series}/instances/{item['00080018']['Value'][0]}/frames/1"
                found[frame] = people.a.http.get(frame)
    return found


def _is_html(answer: httpx.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def _ask(visitor: Visitor, verb: str, address: str, *, door: str = "") -> httpx.Response:
    """door: of another web server on the same data."""
    token = {"csrfmiddlewaretoken": _csrf(visitor)} if verb == "POST" else None
    base = door or visitor.base
    headers = {"Origin": base, "Referer": base + "/"}
    return visitor.http.request(verb, address.replace(visitor.base, base, 1), data=token, headers=headers)


def _csrf(visitor: Visitor) -> str:
    """A right one of the visitor's own, so that the refusal is about the object and not about the form."""
    for form in markup.read(visitor.open("/").text).forms:
        if "csrfmiddlewaretoken" in form.fields:
            return form.fields["csrfmiddlewaretoken"]
    return ""


class TestNobodyElseReachesAnything:
    def test_the_crawl_saw_every_kind(self, cast: Cast) -> None:
        """A matrix that replays nothing proves nothing."""
        paths = "\n".join(urlsplit(address).path for address in cast.owned)
        for kind in (
            "/examinations/",
            "/reports/",
            "/pages/",
            "/file/",
            "/download/",
            "/viewer/",
            "/metadata",
            "/frames/",
            "/thumbnail",
        ):
            assert kind in paths, f"no address with {kind} was reached"

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("who", ["B", "anonymous", "half logged in"])
    def test_every_address_is_refused(self, cast: Cast, who: str, verb: str) -> None:
        visitor, leaks = cast.others()[who], []
        for number, (address, original) in enumerate(cast.owned.items()):
            answer = _ask(visitor, verb, address, door=cast.second if number % 2 else "")
            if not _is_refusal(answer) or _leaks(answer, original):
                leaks.append(f"{answer.status_code} {_shape(address)}")
        assert not leaks, f"{who} {verb}: {len(leaks)} of {len(cast.owned)}:\n" + "\n".join(
            sorted(set(leaks))[:20]
        )

    def test_it_is_the_answer_of_a_random_id(self, cast: Cast) -> None:
        for address in cast.owned:
            path = urlsplit(address).path
            if "/dicom-web/" in path:
                continue
            unknown = UUID.sub(str(uuid.uuid4()), path)
            theirs, nobodys = cast.b.http.get(path), cast.b.http.get(unknown)
            assert theirs.status_code == nobodys.status_code == 404, _shape(path)
            assert _masked(theirs, path) == _masked(nobodys, unknown), _shape(path)

    def test_pages_without_an_id_show_ones_own(self, cast: Cast) -> None:
        for path in PATIENT_PAGES.values():
            for visitor in (cast.b, cast.anonymous, cast.half):
                answer = visitor.http.get(path)
                assert not any(word in answer.content for word in WORDS_OF_A), path

    def test_cached_answers_are_not_confirmed(self, cast: Cast) -> None:
        """R19: somebody else's ETag is worth nothing."""
        for address, original in cast.owned.items():
            etag = original.headers.get("etag")
            if etag:
                answer = cast.b.http.get(address, headers={"If-None-Match": etag})
                assert answer.status_code in REFUSED, _shape(address)

    def test_a_suffix_makes_no_address(self, cast: Cast) -> None:
        """R19: web cache deception."""
        for address in list(cast.owned)[:40]:
            assert cast.a.http.get(urljoin(address + "/", "a.css")).status_code == 404, _shape(address)


def _is_refusal(answer: httpx.Response) -> bool:
    to_login = answer.is_redirect and urlsplit(answer.headers["location"]).path.startswith("/login/")
    return answer.status_code in REFUSED or to_login


def _leaks(answer: httpx.Response, original: httpx.Response) -> bool:
    same = len(original.content) > 0 and original.content == answer.content
    return same or any(word in answer.content for word in WORDS_OF_A)


def _masked(answer: httpx.Response, path: str) -> str:
    """Without what differs on every answer: the form token and the address itself."""
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", answer.text).replace(path, "")


def _shape(address: str) -> str:
    """The kind of an address, without ids and tickets."""
    path = re.sub(r"/t/[^/]+", "/t/-", urlsplit(address).path)
    return re.sub(r"2\.25\.\d+", "UID", UUID.sub("ID", path))


class TestTicketsOfImages:
    """A ticket stands in the address; it is worth nothing for another study, nor after it was taken back."""

    def test_it_opens_no_other_study(self, cast: Cast) -> None:
        theirs = cast.b.crawl("/examinations/")
        mine = next(address for address in cast.owned if "/metadata" in address)
        ticket = next(
            found.group(1) for answer in theirs.values() if _is_html(answer)
            for found in [re.search(r"/dicom-web/t/([\w-]+)", answer.text)] if found
        )  # fmt: skip
        assert cast.b.http.get(re.sub(r"/t/[\w-]+", f"/t/{ticket}", mine)).status_code == 404

    def test_a_changed_ticket_is_refused(self, cast: Cast) -> None:
        mine = next(address for address in cast.owned if "/metadata" in address)
        found = re.search(r"/t/([\w-]+)", mine)
        assert found
        spoiled = found.group(1)[:-2] + ("AA" if not found.group(1).endswith("AA") else "BB")
        assert cast.a.http.get(mine.replace(found.group(1), spoiled)).status_code in REFUSED

    def test_signing_out_ends_it(self, demo_portal: Portal) -> None:
        contact = ("zofia.wojcik@poczta.example", "+48600100109")
        visitor = Visitor(demo_portal)
        visitor.sign_in(_person(demo_portal, contact))

        def pictures() -> dict[str, httpx.Response]:
            crawled = visitor.crawl("/examinations/")
            return _images(Cast(demo_portal, visitor, visitor, visitor, visitor, reached=crawled))

        address = next(iter(demo_portal.wait_for(pictures, seconds=60, what="her images")))
        assert visitor.http.get(address).status_code == 200
        page = visitor.open("/examinations/")
        form = next(form for form in markup.read(page.text).forms if form.action == "/logout/")
        visitor.http.post("/logout/", data=form.fields, headers=visitor.origin())
        demo_portal.wait_for(
            lambda: visitor.http.get(address).status_code in REFUSED, seconds=3, what="the end of the ticket"
        )
        visitor.close()


class TestFormsNeedTheirToken:
    """R16"""

    def test_without_token_or_from_elsewhere(self, cast: Cast) -> None:
        seen = set()
        for address, answer in cast.reached.items():
            if answer.status_code != 200 or not _is_html(answer):
                continue
            for form in markup.read(answer.text).forms:
                target = urljoin(address, form.action or address)
                if form.method == "post" and target not in seen:
                    seen.add(target)
                    self.refuses(cast.a, target, form)
        assert len(seen) >= 3

    def refuses(self, visitor: Visitor, target: str, form: markup.Form) -> None:
        bare = {name: value for name, value in form.fields.items() if name != "csrfmiddlewaretoken"}
        assert visitor.http.post(target, data=bare, headers=visitor.origin()).status_code == 403, _shape(
            target
        )
        evil = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}
        assert visitor.http.post(target, data=form.fields, headers=evil).status_code == 403, _shape(target)

    def test_reading_changes_nothing(self, cast: Cast) -> None:
        before = _state(cast.portal)
        cast.a.crawl(*PATIENT_PAGES.values())
        assert _state(cast.portal) == before


def _state(portal: Portal) -> dict[str, str]:
    """A checksum of every table that is more than a record of looking."""
    database = sqlite3.connect(f"file:{portal.folder}/data/klisza.sqlite3?mode=ro", uri=True)
    try:
        rows = {
            table: database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in STATE_TABLES
        }
    finally:
        database.close()
    return {table: hashlib.sha256(repr(found).encode()).hexdigest() for table, found in rows.items()}


class TestEveryAnswerCarriesItsHeaders:
    """T-17, T-18"""

    def test_pages(self, cast: Cast) -> None:
        for address, answer in cast.reached.items():
            if "/static/" in address or "/dicom-web/" in address:
                continue
            headers, shape = answer.headers, _shape(address)
            policy = headers.get("content-security-policy", "")
            assert headers.get("x-content-type-options") == "nosniff", shape
            assert headers.get("referrer-policy") == "no-referrer", shape
            assert headers.get("cross-origin-resource-policy") == "same-origin", shape
            assert "unsafe-inline" not in policy or _is_sandboxed_pdf(answer), shape
            assert "default-src 'none'" in policy, shape
            assert "frame-ancestors" in policy or answer.headers.get("x-frame-options"), shape
            assert "no-store" in headers.get("cache-control", "") or _is_picture(answer), shape

    def test_pages_have_no_inline_code(self, cast: Cast) -> None:
        for address, answer in cast.reached.items():
            if _is_html(answer):
                assert not re.search(r"<script(?![^>]*(\bsrc=|application/json))", answer.text), _shape(
                    address
                )
                assert not re.search(r"<style|\sstyle=|\son(click|load|error)=", answer.text), _shape(address)

    def test_images_are_private(self, cast: Cast) -> None:
        for address, answer in cast.owned.items():
            if "/dicom-web/" in address:
                assert "private" in answer.headers["cache-control"], _shape(address)
                assert answer.headers["x-content-type-options"] == "nosniff", _shape(address)


def _is_sandboxed_pdf(answer: httpx.Response) -> bool:
    """Chromium's own PDF viewer styles itself; it has no origin of ours to do harm in."""
    policy = answer.headers["content-security-policy"]
    return (
        answer.headers["content-type"] == "application/pdf"
        and "sandbox" in policy
        and "same-origin" not in policy
    )


def _is_picture(answer: httpx.Response) -> bool:
    kind = answer.headers.get("content-type", "")
    return kind.startswith("image/") and "private" in answer.headers.get("cache-control", "")


class TestTheWayBackStaysOnTheSite:
    """R31, S6"""

    @pytest.mark.parametrize(
        "target",
        [
            "//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/",
            "%09//evil.example", "/%0d%0aLocation:%20//evil.example",
        ],
    )  # fmt: skip
    def test_next_leads_nowhere_else(self, demo_portal: Portal, target: str) -> None:
        person = _person(demo_portal, ("lukasz.dabrowski@poczta.example", "+48600100108"))
        visitor = Visitor(demo_portal)
        page = visitor.http.get("/login/", params={"next": target})
        form = next(form for form in markup.read(page.text).forms if "password" in form.fields)
        data = form.fields | {"user_name": person.user_name, "password": person.password, "next": target}
        answer = visitor.http.post("/login/", params={"next": target}, data=data, headers=visitor.origin())
        assert answer.is_redirect, answer.status_code
        assert urljoin(demo_portal.url, answer.headers["location"]).startswith(demo_portal.url + "/")
        assert "evil" not in answer.headers["location"]
        visitor.close()

    def test_the_viewer_takes_no_address(self, cast: Cast) -> None:
        viewer = next(address for address in cast.owned if re.search(r"/viewer/[^/]+/$", address))
        assert cast.a.http.get(viewer, params={"url": "https://evil.example/"}).status_code == 400

    def test_a_foreign_host_is_refused(self, demo_portal: Portal) -> None:
        with httpx.Client(base_url=demo_portal.url) as client:
            assert client.get("/login/", headers={"Host": "evil.example"}).status_code == 400

    def test_staff_pages_are_not_here(self, cast: Cast) -> None:
        """R15"""
        for path in ("/staff/", "/staff/login/", "/admin/", "/metrics", "/.git/HEAD"):
            assert cast.a.http.get(path).status_code == 404
