from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.operations import checks


class Command(BaseCommand):
    help = "Check settings, database, storage, clock, mail, SMS, providers and ports; exit 1 on any fault."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        faults = 0
        for name, check in checks.all_checks().items():
            try:
                line = f"ok     {name:<12} {check()}"
            except Exception as failed:  # noqa: BLE001 - one broken check must not hide the others
                faults += 1
                cause = (
                    str(failed) if isinstance(failed, checks.Fault | CommandError) else type(failed).__name__
                )
                line = f"FAULT  {name:<12} {cause}"
            self.stdout.write(line)
        if faults:
            raise CommandError(f"{faults} faults")
