from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from klisza.operations import ports, roles, static_files
from klisza.operations.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run everything in the foreground; --demo loads demo patients once. Ctrl-C stops."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="fictitious hospital with demo patients, once per data folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_taken_ports()
        call_command("migrate", interactive=False, verbosity=0)
        introduction = self._load_demo() if options["demo"] else ""
        static_files.bring_up_to_date()
        connections.close_all()  # a forked child must not share them
        Supervisor(roles.all_roles(), stop_within=roles.STOP_ALL_WITHIN).run(
            ready=ports.all_answer,
            announce=lambda: self._announce(introduction),
        )

    def _refuse_taken_ports(self) -> None:
        faults = [
            f"{name}: {fault}" for name, bind in ports.listeners().items() if (fault := ports.fault(bind))
        ]
        if faults:
            raise CommandError("\n".join(faults))

    def _load_demo(self) -> str:
        """The marker makes every later command on this data folder know that it is a demo."""
        from klisza.operations.demo import load

        (settings.DATA_DIR / "demo").mkdir(parents=True, exist_ok=True, mode=0o700)
        return load.load_once(say=self.stdout.write)

    def _announce(self, introduction: str) -> None:
        staff = f"{settings.STAFF_URL}/staff/"
        self.stdout.write(
            f"\n{settings.PORTAL_NAME}: {settings.PUBLIC_URL}/\nStaff: {staff}\n{introduction}\nCtrl-C stops.\n"
        )
        self.stdout.flush()
