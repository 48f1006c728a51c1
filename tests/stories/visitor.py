"""A person at the portal without a browser: cookies, forms, and what arrives by mail and text message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx

from tests.portal import Portal

from . import markup

OWN_PASSWORD = "trzy rowery pod lipą"
# (portal, user name) -> own password: stories of several files share one portal and its people.
CHOSEN: dict[tuple[str, str], str] = {}


@dataclass
class Person:
    """user_name and password as the mail told them; `password` becomes the person's own later."""

    email: str
    mobile: str
    user_name: str = ""
    password: str = ""
    mrn: str = ""


def read_account_mail(portal: Portal, email: str, mobile: str, mrn: str = "") -> Person:
    """M2.1: the newest mail to this address that carries a temporary password.

    Two people may share an address (R12): the demo's page then tells whose phone belongs to which user name.
    """
    texts = portal.wait_for(
        lambda: _account_texts(portal, email), what="the mail with the temporary password"
    )
    found = {_line(text, "Nazwa użytkownika"): _line(text, "Hasło tymczasowe") for text in texts}
    user_name = next(iter(found)) if len(found) == 1 else _user_name_of_phone(portal, mobile)
    return Person(email, mobile, user_name, CHOSEN.get((portal.url, user_name), found[user_name]), mrn)


def _account_texts(portal: Portal, email: str) -> list[str]:
    bodies = [mail.get_body(("plain",)) for mail in portal.mails(email)]
    texts = [str(body.get_content()) for body in bodies if body]
    return [text for text in texts if "Hasło tymczasowe" in text]


def _line(text: str, label: str) -> str:
    found = re.search(rf"^\s*{label}:\s*(\S+)\s*$", text, re.MULTILINE)
    assert found, text
    return found.group(1)


def _user_name_of_phone(portal: Portal, mobile: str) -> str:
    for who in range(1, 20):
        status, page = portal.get(f"/demo/messages/?who={who}")
        if status == 200 and mobile in page:
            found = re.search(r"<strong>([A-Z0-9]{8})</strong>", page)
            assert found, page
            return found.group(1)
    raise AssertionError(f"nobody has the phone {mobile}")


def newest_code(portal: Portal, mobile: str, *, after: int) -> str:
    """The code of the first text message beyond the `after` ones that were there before."""
    texts = portal.wait_for(lambda: portal.texts(mobile)[after:], what="the text message with the code")
    found = re.search(r"\b(\d{4})\b", texts[-1]["text"])
    assert found, texts[-1]
    return found.group(1)


class Visitor:
    def __init__(self, portal: Portal, *, staff: bool = False, language: str = "pl") -> None:
        self.portal = portal
        self.base = portal.staff_url if staff else portal.url
        self.http = httpx.Client(
            base_url=self.base, headers={"Accept-Language": language}, timeout=90, follow_redirects=False, verify=False,
            limits=httpx.Limits(max_keepalive_connections=0),  # nothing stays open behind a failed story
        )  # fmt: skip

    def close(self) -> None:
        self.http.close()

    def open(self, path: str) -> httpx.Response:
        """Follows redirects on this site."""
        answer = self.http.get(path)
        for _ in range(8):
            if not answer.is_redirect:
                return answer
            answer = self.http.get(urljoin(str(answer.url), answer.headers["location"]))
        raise AssertionError(f"{path}: redirects without end")

    def submit(self, page: httpx.Response, **values: str) -> httpx.Response:
        """Fill and send the form of the page that has all of these fields; follows the redirect."""
        forms = [form for form in markup.read(page.text).forms if set(values) <= _names(form)]
        assert forms, f"{page.status_code} {page.url}: no form with {sorted(values)}"
        form = forms[0]
        address = urljoin(str(page.url), form.action or str(page.url))
        answer = self.http.request(form.method, address, data=form.fields | values, headers=self.origin())
        return self.open(urljoin(address, answer.headers["location"])) if answer.is_redirect else answer

    def origin(self) -> dict[str, str]:
        return {"Origin": self.base, "Referer": self.base + "/"}

    # The way of manual.md, chapter 2
    def enter_password(self, person: Person, *, at: str = "/login/") -> httpx.Response:
        return self.submit(self.open(at), user_name=person.user_name, password=person.password)

    def enter_code(self, page: httpx.Response, person: Person, *, after: int) -> httpx.Response:
        return self.submit(page, code=newest_code(self.portal, person.mobile, after=after))

    def sign_in(
        self, person: Person, *, own_password: str = OWN_PASSWORD, at: str = "/login/"
    ) -> httpx.Response:
        """Through every step that is asked for; afterwards `person.password` is the own one."""
        seen = len(self.portal.texts(person.mobile))
        page = self.enter_password(person, at=at)
        for _ in range(6):
            path = urlsplit(str(page.url)).path
            if path == "/login/code/":
                page = self.enter_code(page, person, after=seen)
            elif path == "/login/information/":
                page = self.accept(page)
            elif path == "/login/password/":
                page = self.submit(page, new_password=own_password, new_password_again=own_password)
                person.password = CHOSEN[self.portal.url, person.user_name] = own_password
            else:
                break
        assert page.status_code == 200, page.url
        assert not urlsplit(str(page.url)).path.startswith("/login"), page.url
        return page

    def speak(self, language: str) -> None:
        """The language of this session and of the account, which counts more than the browser's."""
        page = self.open("/examinations/")
        if f'<html lang="{language}"' not in page.text:
            assert f'<html lang="{language}"' in self.submit(page, language=language).text

    def accept(self, page: httpx.Response) -> httpx.Response:
        for form in markup.read(page.text).forms:
            for name, value in form.buttons:
                if value == "accept" or name == "accept":
                    return self.submit(page, **{name: value})
        raise AssertionError("no button that accepts")

    def cookies(self) -> list[dict[str, object]]:
        """For a browser that goes on where this visitor stands."""
        host = urlsplit(self.base).hostname
        return [
            {"name": cookie.name, "value": cookie.value or "", "domain": host, "path": "/"}
            for cookie in self.http.cookies.jar
        ]

    def crawl(self, *starts: str, most: int = 2000) -> dict[str, httpx.Response]:
        """Every address of this site that is reachable by GET from the starts, with what it answered."""
        found: dict[str, httpx.Response] = {}
        waiting = [urljoin(self.base, start) for start in starts]
        while waiting and len(found) < most:
            address = waiting.pop(0)
            if address in found:
                continue
            answer = found[address] = self.http.get(address)
            if answer.is_redirect:
                waiting.append(urljoin(address, answer.headers["location"]))
            elif answer.headers.get("content-type", "").startswith("text/html"):
                waiting += [urljoin(address, link) for link in markup.read(answer.text).addresses]
            waiting = [urldefrag(link).url for link in waiting if link.startswith(self.base + "/")]
        return found


def is_signed_in(portal: Portal, cookies: list[dict[str, object]]) -> bool:
    """Stories of several files share a session: between two of them it may have been idle for too long."""
    held = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)
    answer = httpx.get(f"{portal.url}/examinations/", headers={"Cookie": held}, timeout=90)
    return answer.status_code == 200


def _names(form: markup.Form) -> set[str]:
    return set(form.fields) | {name for name, _ in form.buttons}
