from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.accounts import queries, services
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused

SCOPES = ("dicomweb:read",)


class Command(BaseCommand):
    help = "Hospital machines that read images by DICOMweb."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a client and print its bearer token, once")
        create.add_argument("name")
        create.add_argument(
            "--scope", action="append", required=True, choices=SCOPES, help="what it may do; may be repeated"
        )
        create.add_argument("--issuer", default="", help="of patient ids in what it sends without one")
        verbs.add_parser("list", help="print all clients")
        revoke = verbs.add_parser("revoke", help="refuse this client from now on")
        revoke.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None

    def _create(self, options: dict[str, Any]) -> None:
        token = services.create_client(
            name=options["name"], scopes=options["scope"], issuer=options["issuer"], by=SYSTEM
        )
        self.stderr.write("The token is shown this once; the portal keeps only its digest.")
        self.stdout.write(token)

    def _list(self, options: dict[str, Any]) -> None:
        for client in queries.clients():
            state = f"revoked {client.revoked_at:%Y-%m-%d}" if client.revoked_at else "active"
            issuer = f"  issuer={client.issuer}" if client.issuer else ""
            self.stdout.write(f"{client.name}  {','.join(client.scopes)}  {state}{issuer}")

    def _revoke(self, options: dict[str, Any]) -> None:
        services.revoke_client(name=options["name"], by=SYSTEM)
        self.stdout.write(f"{options['name']}: revoked")
