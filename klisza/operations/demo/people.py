"""Who takes part in the demo: the invented patients of data/patients.json and one clerk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from klisza.patients.queries import find_by_identifier

DATA = Path(__file__).parent / "data"
CLERK = "rejestracja"
CLERK_EMAIL = "rejestracja@szpital.example"
CLERK_MOBILE = "+48600100190"


@dataclass(frozen=True)
class Person:
    """number: what the address of the page carries instead of a name. user_name: empty without an account."""

    number: int
    name: str
    email: str
    mobile: str
    user_name: str
    about: str


@cache
def patients() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATA / "patients.json").read_text("utf-8"))
    return found


def everyone() -> list[Person]:
    """Patients in the order of the file, numbered from 1; the clerk last."""
    people = [_person(number, row) for number, row in enumerate(patients(), start=1)]
    about = _("staff pages: unlock an account")
    clerk = Person(len(people) + 1, _("Registration desk"), CLERK_EMAIL, CLERK_MOBILE, CLERK, about)
    return [*people, clerk]


def _person(number: int, row: dict[str, Any]) -> Person:
    descriptions = [examination["description"] for examination in row["examinations"]]
    return Person(
        number=number,
        name=f"{row['given_name']} {row['family_name']}",
        email=row["email"],
        mobile=row["mobile"],
        user_name=_user_name(row["mrn"]),
        about=", ".join(descriptions) or _("no e-mail address"),
    )


def _user_name(mrn: str) -> str:
    patient = find_by_identifier(settings.ISSUER, mrn)
    return patient.account.user_name if patient and patient.account else ""
