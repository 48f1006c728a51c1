"""The components page shows what other pages rely on."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from klisza.operations.demo.components import ICONS, components

PARTS = [
    "stack",
    "card",
    "card-title",
    "button",
    "button-primary",
    "button-quiet",
    "button-danger",
    "rows",
    "row",
    "row-main",
    "row-title",
    "row-meta",
    "row-icons",
    "row-action",
    "badge",
    "badge-ok",
    "badge-wait",
    "badge-info",
    "field",
    "field-label",
    "field-hint",
    "field-error",
    "input",
    "input-code",
    "error-summary",
    "banner",
    "banner-info",
    "banner-warn",
    "banner-ok",
    "empty",
    "menu",
    "menu-items",
    "meta-list",
    "thumb-grid",
    "thumb",
    "table-wrap",
    "visually-hidden",
    "actions",
    "steps",
    "prose",
    "dialog",
    "progress",
]


@pytest.fixture
def page(rf: RequestFactory) -> str:
    request = rf.get("/demo/components/")
    request.session = {}  # type: ignore[assignment]
    request.account = None  # type: ignore[attr-defined]
    return components(request).content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_shown(page: str, part: str) -> None:
    classes = {name for chunk in page.split('class="')[1:] for name in chunk.split('"', 1)[0].split()}

    assert part in classes


def test_every_icon_is_shown(page: str) -> None:
    for name in ICONS:
        assert f"icon-{name}" in page


def test_the_page_itself_has_one_heading(page: str) -> None:
    assert page.count("<h1") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/surveys/", "/shares/"])
def test_tabs_ask_strangers_to_log_in(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")
