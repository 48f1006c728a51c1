"""Just enough of HTML for a visitor without a browser: links, pictures and forms of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

ADDRESS_ATTRIBUTES = {"href", "src", "action", "poster", "data-source", "data-src", "data-url", "formaction"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    addresses: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.form: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        self.page.addresses += [
            value for name, value in has.items() if name in ADDRESS_ATTRIBUTES and tag != "form"
        ]
        if tag == "form":
            self.form = Form(has.get("action", ""), has.get("method", "get").lower())
            self.page.forms.append(self.form)
        elif self.form is not None:
            self._control(tag, has)

    def _control(self, tag: str, has: dict[str, str]) -> None:
        assert self.form is not None
        name = has.get("name", "")
        if tag == "button" and name:
            self.form.buttons.append((name, has.get("value", "")))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in has or self.select not in self.form.fields):
            self.form.fields[self.select] = has.get("value", "")
        elif tag in ("input", "textarea") and name and _is_sent(has):
            self.form.fields[name] = has.get("value", "on" if has.get("type") == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = ""

    def handle_data(self, data: str) -> None:
        self.page.text += data


def _is_sent(has: dict[str, str]) -> bool:
    if has.get("type") in ("checkbox", "radio"):
        return "checked" in has
    return has.get("type") not in ("submit", "button", "file")


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    return reader.page
