"""Who may open what: one row for each address of the staff pages, tried with each role (R14; product.md 9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import UUIDConverter

from klisza.accounts.services import ROLES
from klisza.console.urls import urlpatterns

from .desk import signed_in

pytestmark = pytest.mark.django_db
NOBODYS = "00000000-0000-7000-8000-000000000000"

DESK = {"registration", "clinic"}
REGISTRATION = {"registration"}
IMAGES = {"radiology", "integration", "registration"}
DEPARTMENT = {"radiology", "integration"}
HANDED_IN = {"radiology", "registration"}
CLINIC = {"clinic"}
PRIVACY = {"privacy"}
INTEGRATION = {"integration"}
ALL = set(ROLES)

# Who besides admin, who may open all. A page without a row fails the test.
TABLE: dict[str, set[str]] = {
    "home": ALL,
    # Registration: find, contact data, account, slip, carers; the clinic's desk helps with what cannot wait.
    "desk": REGISTRATION,
    "patient": DESK,
    "unlock": DESK,
    "reissue": DESK,
    "send_again": DESK,
    "send_link": DESK,
    "as_patient": DESK,
    "create": REGISTRATION,
    "slip": REGISTRATION,
    "factors": REGISTRATION,
    "contact": REGISTRATION,
    "read_back": REGISTRATION,
    "own_contact": REGISTRATION,
    "carers": REGISTRATION,
    "carer_end": REGISTRATION,
    "unmerge": REGISTRATION,
    "lift": REGISTRATION,
    "guardians": REGISTRATION,
    "guardian_dismissed": REGISTRATION,
    "waves": REGISTRATION,
    "wave_stop": REGISTRATION,
    "tasks": DESK,
    "task_done": DESK,
    "bounces": DESK,
    "bounce_done": DESK,
    "messages": DESK | INTEGRATION,
    "closing": REGISTRATION | PRIVACY,
    "close_account": REGISTRATION | PRIVACY,
    # Whose images are these?
    "studies": IMAGES,
    "study": IMAGES,
    "assign": IMAGES,
    "unassign": IMAGES,
    "objects": IMAGES,
    "object": IMAGES,
    # What patients hand in: who says whose images are, or keeps the record.
    **dict.fromkeys(
        ("deliveries", "delivery", "delivery_decide", "forward_again", "forward_noted"), HANDED_IN
    ),
    **dict.fromkeys(("delivery_file", "delivery_page", "delivery_download"), HANDED_IN),
    "add_document": DESK,
    # In place of the department. Who may assign may also say that images are nobody's.
    "reject": IMAGES,
    "restore": DEPARTMENT,
    "settle": DEPARTMENT,
    "work": DESK | DEPARTMENT,
    "work_item": DESK | DEPARTMENT,
    "confirm": DESK | {"radiology"},
    # Release of results.
    "release": CLINIC,
    "examination": CLINIC,
    "decide": CLINIC,
    "visit": CLINIC,
    "visit_done": CLINIC,
    "rules": CLINIC,
    "rule": CLINIC,
    "rule_delete": CLINIC,
    "rule_move": CLINIC,
    # Data protection.
    "access": PRIVACY,
    "access_log": PRIVACY,
    "breaches": PRIVACY,
    "breach": PRIVACY,
    # Machines.
    "integration": INTEGRATION,
    "try": INTEGRATION,
    "replay": INTEGRATION,
    "failed": INTEGRATION,
    "held": INTEGRATION | REGISTRATION,
    "message": DESK | DEPARTMENT,
    "associations": DEPARTMENT,
    "peers": INTEGRATION,
    "add_dicom": INTEGRATION,
    "remove_dicom": INTEGRATION,
    "echo": INTEGRATION,
    "add_hl7": INTEGRATION,
    "remove_hl7": INTEGRATION,
    # Tables.
    "procedures": DEPARTMENT,
    "procedure_new": DEPARTMENT,
    "procedures_import": DEPARTMENT,
    "procedure": DEPARTMENT,
    "procedure_delete": DEPARTMENT,
    "kinds": DEPARTMENT,
    "kind": DEPARTMENT,
    "kind_delete": DEPARTMENT,
    "kind_move": DEPARTMENT,
    "wards": DESK | INTEGRATION,
    "ward_new": DESK | INTEGRATION,
    "wards_import": DESK | INTEGRATION,
    "ward": DESK | INTEGRATION,
    "ward_delete": DESK | INTEGRATION,
}


def named(patterns: list[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        yield pattern


def test_every_page_has_a_row() -> None:
    assert {pattern.name for pattern in named(urlpatterns)} == set(TABLE)


def test_nothing_else_stands_under_staff() -> None:
    """What this listener has beside the console: the own account, what patients share, answer and hand in."""
    resolver = get_resolver("klisza.config.urls_staff")
    apps = {entry.app_name for entry in resolver.url_patterns if isinstance(entry, URLResolver)}
    assert apps == {"accounts", "asked", "console", "forms", "handed", "units", "viewer"}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_rows_and_no_other(role: str) -> None:
    client = signed_in(role)
    for pattern in named(urlpatterns):
        name = str(pattern.name)
        is_open = role == "admin" or role in TABLE[name]
        assert answer(client, pattern) == ("open" if is_open else "refused"), (name, role)


def test_without_a_role_only_the_first_page_opens() -> None:
    client = signed_in()
    found = {str(pattern.name) for pattern in named(urlpatterns) if answer(client, pattern) == "open"}
    assert found == {"home"}


def test_nobody_is_sent_to_the_login() -> None:
    assert {answer(Client(), pattern) for pattern in named(urlpatterns)} == {"login"}


def answer(client: Client, pattern: URLPattern) -> str:
    """An empty form of nobody's: whoever is let in hears that it is faulty, or that there is no such thing."""
    values: dict[str, Any] = {
        name: NOBODYS if isinstance(converter, UUIDConverter) else 999_999
        for name, converter in pattern.pattern.converters.items()
    }
    path = reverse(f"console:{pattern.name}", kwargs=values, urlconf="klisza.config.urls_staff")
    found = client.get(path)
    if found.status_code == 405:
        found = client.post(path)
    if found.status_code == 302 and found["Location"].startswith("/login/"):
        return "login"
    assert found.status_code in (200, 302, 400, 403, 404), (path, found.status_code)
    return "refused" if found.status_code == 403 else "open"
