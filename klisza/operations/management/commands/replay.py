from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.audit.actor import SYSTEM
from klisza.base.errors import Unavailable
from klisza.gateways.hl7v2 import replay


class Command(BaseCommand):
    help = "Rebuild what HL7 messages said from the raw inbox; nobody is told anything."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=date.fromisoformat, help="only people of whom something came on this day or later"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = replay.rebuild(by=SYSTEM, since=options["since"], say=self.stdout.write)
        except Unavailable as fault:
            raise CommandError(f"{fault}; what is done stays, run it again") from None
        self.stdout.write(f"{done.messages} messages of {done.people} people")
        if done.set_aside:
            raise CommandError(
                f"{len(done.set_aside)} messages fail now, their people were left as they were: "
                + ", ".join(done.set_aside[:20])
            )
