from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.archive import queries, services
from klisza.archive.models import Study
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused
from klisza.standards.dicom.rejection import QUALITY, SAFETY, WRONG_WORKLIST_ENTRY

CODES = {"quality": QUALITY, "safety": SAFETY, "wrong-patient": WRONG_WORKLIST_ENTRY}


class Command(BaseCommand):
    help = "Studies that are withheld or rejected: what staff decide when the hospital's archive does not."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser(
            "list", help="print every study of which nothing is shown, and the notes that say so"
        )
        reject = verbs.add_parser(
            "reject", help="take back all there is of a study, as a rejection note would"
        )
        reject.add_argument("study", help="StudyInstanceUID")
        reject.add_argument("--as", dest="reason", choices=CODES, required=True)
        restore = verbs.add_parser(
            "restore", help="revoke a rejection note: what it alone hides is shown again"
        )
        restore.add_argument("note", help="SOP Instance UID of the note, as list and reject print it")
        decide = verbs.add_parser(
            "decide", help="end a disagreement on the patient that no further object ends"
        )
        decide.add_argument("study", help="StudyInstanceUID")
        decide.add_argument("--patient", choices=("old", "new"), required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None

    def _list(self, options: dict[str, Any]) -> None:
        for study in queries.hidden_studies():
            notes = " ".join(queries.notes_on(study)) or "-"
            self.stdout.write(f"{study.study_instance_uid}  {study.hidden_reason}  notes: {notes}")

    def _reject(self, options: dict[str, Any]) -> None:
        code = CODES[options["reason"]]
        note = services.reject_study(study=_study(options["study"]), code=code, by=SYSTEM)
        self.stdout.write(f"hidden; to show it again: klisza study restore {note}")

    def _restore(self, options: dict[str, Any]) -> None:
        count = services.revoke_rejection(note_uid=options["note"], by=SYSTEM)
        self.stdout.write(f"{count} objects are shown again")

    def _decide(self, options: dict[str, Any]) -> None:
        accept = options["patient"] == "new"
        services.decide_mixed(study=_study(options["study"]), accept=accept, by=SYSTEM)
        self.stdout.write("decided; what names the other patient stays hidden")


def _study(uid: str) -> Study:
    found = queries.study_of(uid)
    if found is None:
        raise CommandError("there is no such study")
    return found
