from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused
from klisza.patients import queries, services


class Command(BaseCommand):
    help = "Names of those who give patient identifiers: which of them are one authority."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        alias = verbs.add_parser("alias", help="a namespace and a universal id are one authority")
        alias.add_argument("namespace", help="as some senders write it, such as SZP01")
        alias.add_argument("issuer", help="its universal id, such as 1.2.3.4.5")
        verbs.add_parser("list", help="print all pairs, those that messages have shown as well")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None

    def _alias(self, options: dict[str, Any]) -> None:
        joined = services.confirm_alias(namespace=options["namespace"], issuer=options["issuer"], by=SYSTEM)
        self.stdout.write(f"{joined.rows} identifiers now stand under both names")
        if joined.conflicts:
            self.stdout.write(
                f"{joined.conflicts} belong to two patients: see the tasks of the registration desk"
            )

    def _list(self, options: dict[str, Any]) -> None:
        for alias in queries.aliases_of_issuers():
            how = "confirmed" if alias.is_confirmed else "seen in messages"
            self.stdout.write(f"{alias.namespace}  {alias.issuer}  {how}")
