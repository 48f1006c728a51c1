from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.archive import services
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused


class Command(BaseCommand):
    help = "DICOM peers: who may send images."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="allow one application entity to send")
        add.add_argument("name")
        add.add_argument("--ae-title", required=True)
        add.add_argument("--address", required=True, help="one address or a network such as 10.1.2.0/24")
        add.add_argument("--port", type=int)
        add.add_argument("--issuer", default="", help="of patient ids in objects that name no issuer")
        add.add_argument("--charset", default="", help="assumed for unlabelled text, such as ISO_IR 101")
        verbs.add_parser("list", help="print all peers")
        remove = verbs.add_parser("remove", help="refuse this peer from now on")
        remove.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None

    def _add(self, options: dict[str, Any]) -> None:
        wanted = ("name", "ae_title", "address", "port", "issuer", "charset")
        peer = services.add_peer(**{key: options[key] for key in wanted}, by=SYSTEM)
        self.stdout.write(f"{peer.name}: {peer.ae_title} at {peer.address} may send")

    def _list(self, options: dict[str, Any]) -> None:
        for peer in services.peers():
            port = f":{peer.port}" if peer.port else ""
            extras = "".join(
                f"  {name}={value}"
                for name, value in (("issuer", peer.issuer), ("charset", peer.charset))
                if value
            )
            self.stdout.write(f"{peer.name}  {peer.ae_title}  {peer.address}{port}{extras}")

    def _remove(self, options: dict[str, Any]) -> None:
        services.remove_peer(name=options["name"], by=SYSTEM)
        self.stdout.write(f"{options['name']}: removed")
