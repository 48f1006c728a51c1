"""klisza patient upsert: what an ADT message would do, for scripts."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from klisza.audit.actor import Actor
from klisza.base.errors import KliszaError, Refused
from klisza.patients import services as patients

SCRIPT = Actor(kind="system", role="script")
LANGUAGES = tuple(code for code, _ in settings.LANGUAGES)


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("must be a date such as 1958-03-21") from None


class Command(BaseCommand):
    help = "Make or correct a patient; the account appears by itself once e-mail and mobile are known."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        upsert = verbs.add_parser("upsert", help="make or correct one patient")
        upsert.add_argument("--id", required=True, help="patient identifier, as DICOM PatientID has it")
        upsert.add_argument(
            "--issuer", default=settings.ISSUER, help="who gave the identifier (default: KLISZA_ISSUER)"
        )
        upsert.add_argument("--family", required=True)
        upsert.add_argument("--given", required=True)
        upsert.add_argument("--birth-date", required=True, type=day)
        upsert.add_argument("--sex", default="", choices=("", "F", "M", "O"))
        upsert.add_argument("--email", default="")
        upsert.add_argument("--mobile", default="", help="with country code; +48 is understood without one")
        upsert.add_argument("--language", default="pl", choices=LANGUAGES)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            patient = patients.upsert_patient(
                identifiers=[(options["issuer"], options["id"])],
                family_name=options["family"],
                given_name=options["given"],
                birth_date=options["birth_date"],
                sex=options["sex"],
                email=options["email"],
                mobile=options["mobile"],
                language=options["language"],
                by=SCRIPT,
            )
        except Refused as refused:
            raise CommandError(refused.sentence or "refused") from None
        except KliszaError as failed:
            raise CommandError(str(failed)) from None
        patient.refresh_from_db()
        account = "with an account" if patient.account_id else "without an account"
        self.stdout.write(f"patient {patient.pk} {account}")
