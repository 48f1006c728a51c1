from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.audit import queries


class Command(BaseCommand):
    help = "audit verify: recompute the chain of the audit log and compare it with the signed heads."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = queries.verify()
        if verdict.fault:
            raise CommandError(f"The audit log is not what was written. {verdict.fault}")
        self.stdout.write(
            f"ok: {verdict.events} events, {verdict.heads} signed heads, {verdict.unlinked} not chained yet"
        )
