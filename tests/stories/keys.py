"""A telephone held upright, no pointer: Tab, letters, Enter; and what a screen reader is given."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page

from .browser import PHONE
from .story import Story

MOST_TABS = 80


def nodes(page: Page) -> list[dict[str, Any]]:
    """Of the accessibility tree, in the order it is read."""
    client = page.context.new_cdp_session(page)
    found = {one["nodeId"]: one for one in client.send("Accessibility.getFullAXTree")["nodes"]}
    client.detach()
    waiting = [one["nodeId"] for one in found.values() if one.get("parentId") not in found]
    read = []
    while waiting:
        one = found[waiting.pop(0)]
        read.append(one)
        waiting = [child for child in one.get("childIds", []) if child in found] + waiting
    return [one for one in read if not one["ignored"]]


def heard(page: Page) -> list[tuple[str, str]]:
    """(role, name) of all that has a name."""
    named = [(str(one["role"]["value"]), name_of(one)) for one in nodes(page)]
    return [(role, name) for role, name in named if name and role != "InlineTextBox"]


def name_of(node: dict[str, Any]) -> str:
    return " ".join(str(node.get("name", {}).get("value", "")).split())


class ByKeyboard(Story):
    """Every step is looked at as the screen reader gets it, and nothing is wider than the telephone."""

    def given_a_telephone(self) -> None:
        self.given_a_browser(screen=PHONE)

    def when_tabbed_to(self, selector: str) -> None:
        """The control gets the focus by Tab alone, and it is seen: not under a bar, with a ring of its own."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                self.then_the_focus_is_seen()
                return
        raise AssertionError(f"{self.page.url}: no way to {selector} by Tab")

    def when_typed(self, selector: str, text: str) -> None:
        self.when_tabbed_to(selector)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def when_pressed(self, selector: str) -> None:
        """Enter on a link or a button, and its page is there."""
        self.when_tabbed_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def when_opened_by_keys(self, summary: str) -> None:
        self.when_tabbed_to(summary)
        self.page.keyboard.press("Enter")

    def then_the_focus_is_seen(self) -> None:
        seen = self.page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect();
              const x = box.left + box.width / 2, y = box.top + box.height / 2;
              const top = document.elementFromPoint(x, y);
              const row = one.closest('.row') || one;  // rows of a list wear the ring of their link
              const rings = [getComputedStyle(one), getComputedStyle(row)];
              return [box.width > 0 && box.height > 0,
                      !top || one === top || one.contains(top) || top.contains(one),
                      rings.some(ring => ring.outlineStyle !== 'none' || ring.boxShadow !== 'none')];
            }"""
        )
        assert all(seen), f"{self.page.url}: focus (has a size, uncovered, has a ring): {seen}"

    def then_is_heard(self, *wanted: tuple[str, str]) -> None:
        """Each in the tree, in this order; every control in it has a name."""
        tree = heard(self.page)
        place = -1
        for role, name in wanted:
            found = [
                number
                for number, (its_role, its_name) in enumerate(tree)
                if number > place and its_role == role and re.search(name, its_name)
            ]
            assert found, f"{self.page.url}: no {role} {name!r} after {tree[: place + 1][-1:]} in {tree}"
            place = found[0]
        assert sum(role == "heading" for role, _name in tree) >= 1
        self.then_nothing_is_wider_than_the_screen()
        self.then_every_control_has_a_name()

    def then_every_control_has_a_name(self) -> None:
        controls = {"button", "link", "textbox", "checkbox", "radio", "combobox", "DisclosureTriangle"}
        read = [(one["role"]["value"], name_of(one)) for one in nodes(self.page)]
        nameless = [role for role, name in read if role in controls and not name]
        assert not nameless, f"{self.page.url}: without a name: {nameless}"
