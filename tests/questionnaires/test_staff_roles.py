"""Who may open what of the questionnaires' pages: one row for each address, tried with each role (R14)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from django.urls.converters import UUIDConverter

from klisza.accounts.services import ROLES
from klisza.questionnaires.urls import ASKED, FORMS
from tests.console.desk import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_pages")]
NOBODYS = "00000000-0000-7000-8000-000000000000"
ANSWERS = {"clinic", "radiology"}
ASKING = ANSWERS | {"registration"}
# All forms are the answers' readers' own; of what was asked the desk sees whom and whether.
OF_THE_DESK = {"sent", "sent-state", "incomplete", "ask-list", "ask", "one", "withdraw"}
PAGES = [("forms", pattern) for pattern in FORMS] + [("asked", pattern) for pattern in ASKED]


def answer(client: Client, app: str, pattern: URLPattern) -> int:
    """An empty form of nobody's: whoever is let in hears that it is faulty, or that there is no such thing."""
    values: dict[str, Any] = {
        name: NOBODYS if isinstance(converter, UUIDConverter) else 1
        for name, converter in pattern.pattern.converters.items()
    }
    path = reverse(f"{app}:{pattern.name}", kwargs=values, urlconf="klisza.config.urls_staff")
    found = client.get(path)
    return (client.post(path) if found.status_code == 405 else found).status_code


@pytest.mark.parametrize("role", [*ROLES, ""])
def test_each_role_opens_its_pages_and_no_other(role: str) -> None:
    client = signed_in(*([role] if role else []))
    for app, pattern in PAGES:
        may = ASKING if app == "asked" and pattern.name in OF_THE_DESK else ANSWERS
        status = answer(client, app, pattern)
        is_open = status in (200, 302, 400, 404)
        assert status == 403 or is_open, (pattern.name, status)
        assert is_open == (role == "admin" or role in may), (role, app, pattern.name, status)


def test_nobody_without_a_sign_in() -> None:
    assert {answer(Client(), app, pattern) for app, pattern in PAGES} == {302}
