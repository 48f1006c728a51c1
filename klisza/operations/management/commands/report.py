"""klisza report add: a report as an ORU message would bring it, for scripts."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.base.errors import BadMessage, Unavailable
from klisza.examinations import queries, services

SCRIPT = Actor(kind="system", role="script")
STATUSES = {"P": "preliminary", "F": "final", "C": "corrected", "X": "withdrawn"}


def moment(text: str) -> datetime:
    """ISO 8601; without an offset it is the hospital's own time."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("must be a date or a time such as 2026-11-23T14:05") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=clock.local_zone())


class Command(BaseCommand):
    help = "File a report (PDF) of one examination."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="file one version of a report")
        add.add_argument("--id", required=True, help="patient identifier")
        add.add_argument(
            "--issuer", default=settings.ISSUER, help="who gave the identifier (default: KLISZA_ISSUER)"
        )
        order = add.add_mutually_exclusive_group(required=True)
        order.add_argument("--accession", default="", help="accession number of the order")
        order.add_argument("--study-uid", default="", help="StudyInstanceUID of the images")
        add.add_argument("--file", required=True, type=Path, help="the report as PDF")
        add.add_argument(
            "--status",
            default="F",
            choices=tuple(STATUSES),
            help="P, F (default), C or X, as in HL7 table 0123",
        )
        add.add_argument("--issued", type=moment, help="when it was issued (default: now)")
        add.add_argument("--title", default="", help="what patients read above it")
        add.add_argument(
            "--performed", type=moment, help="when the examination was performed, if its images do not say"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        patient = queries.owner_of(options["issuer"], options["id"])
        if patient is None:
            raise CommandError("no patient has this --id and --issuer")
        try:
            version = services.file_report(
                patient=patient,
                accession_number=options["accession"],
                study_instance_uid=options["study_uid"],
                issuer=options["issuer"],
                pdf=_read(options["file"]),
                key=f"order:{options['accession'] or options['study_uid']}",
                status=options["status"],
                issued_at=options["issued"] or clock.now(),
                title=options["title"],
                performed_at=options["performed"],
                source="script",
                by=SCRIPT,
            )
        except BadMessage as bad:
            raise CommandError(bad.reason) from None
        except Unavailable as away:
            raise CommandError(f"not kept, try again later: {away}") from None
        state = STATUSES[version.status]
        self.stdout.write(
            f"examination {version.report.examination_id} report version {version.number} ({state})"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as unreadable:
        raise CommandError(f"--file cannot be read: {unreadable.strerror}") from None
