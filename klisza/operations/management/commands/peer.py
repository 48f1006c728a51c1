from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.archive import services
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused
from klisza.gateways import queries as gateways
from klisza.gateways import services as senders
from klisza.gateways.errors import NoSuchSender
from klisza.gateways.models import Hl7Peer

DICOM_ONLY = ("ae_title", "port", "stow", "stow_user", "stow_secret_file")
HL7_ONLY = ("certificate", "application", "facility", "frame_mb", "quiet")


class Command(BaseCommand):
    help = "Peers: who may send images (DICOM) or messages (HL7 v2)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="allow one application entity or HL7 sender to send")
        add.add_argument("name")
        add.add_argument("--address", required=True, help="one address or a network such as 10.1.2.0/24")
        add.add_argument("--issuer", default="", help="of patient ids that name no issuer")
        add.add_argument("--charset", default="", help="of unlabelled DICOM text; of all HL7 messages")
        add.add_argument("--ae-title", help="DICOM: required")
        add.add_argument("--port", type=int, help="DICOM: where it listens itself")
        add.add_argument(
            "--stow", default="", help="DICOM: its DICOMweb address for what we forward; else C-STORE"
        )
        add.add_argument(
            "--stow-user", default="", help="DICOM: user name there; without one a token is sent"
        )
        add.add_argument(
            "--stow-secret-file", default="", help="DICOM: file with the password or token, kept encrypted"
        )
        add.add_argument("--hl7", action="store_true", help="a sender of HL7 v2 messages")
        add.add_argument(
            "--certificate", default="", help="HL7: CN of its client certificate, then by TLS only"
        )
        add.add_argument("--application", default="", help="HL7: its MSH-3; any without")
        add.add_argument("--facility", default="", help="HL7: its MSH-4; any without")
        add.add_argument("--frame-mb", type=int, help="HL7: its largest message")
        add.add_argument("--quiet", action="store_true", help="HL7: back-fill, nobody is told anything")
        add.add_argument(
            "--report-titles",
            nargs="*",
            help="titles or concept codes of PDF and SR objects that are reports; without one: none; left out: all",
        )
        verbs.add_parser("list", help="print all peers")
        remove = verbs.add_parser("remove", help="refuse this peer from now on")
        remove.add_argument("name")
        remove.add_argument("--hl7", action="store_true", help="the HL7 sender of this name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None

    def _add(self, options: dict[str, Any]) -> None:
        foreign = DICOM_ONLY if options["hl7"] else HL7_ONLY
        if wrong := [name for name in foreign if options[name]]:
            raise CommandError(f"--{wrong[0].replace('_', '-')} belongs to the other kind of peer (--hl7)")
        (self._add_sender if options["hl7"] else self._add_entity)(options)

    def _add_entity(self, options: dict[str, Any]) -> None:
        if options["ae_title"] is None:
            raise CommandError("--ae-title is required for a DICOM peer; an HL7 sender needs --hl7")
        wanted = ("name", "ae_title", "address", "port", "issuer", "charset", "report_titles")
        peer = services.add_peer(
            **{key: options[key] for key in wanted}, stow_url=options["stow"], stow_user=options["stow_user"],
            stow_secret=_secret(options["stow_secret_file"]), by=SYSTEM,
        )  # fmt: skip
        self.stdout.write(f"{peer.name}: {peer.ae_title} at {peer.address} may send")

    def _add_sender(self, options: dict[str, Any]) -> None:
        wanted = ("name", "address", "application", "facility", "charset", "issuer", "frame_mb", "quiet")
        peer = senders.add_sender(
            **{key: options[key] for key in wanted}, certificate_name=options["certificate"], by=SYSTEM
        )
        self.stdout.write(f"{peer.name}: HL7 v2 from {peer.address} is accepted")

    def _list(self, options: dict[str, Any]) -> None:
        for peer in services.peers():
            port = f":{peer.port}" if peer.port else ""
            extras = _extras(issuer=peer.issuer, charset=peer.charset, stow=peer.stow_url)
            self.stdout.write(f"{peer.name}  {peer.ae_title}  {peer.address}{port}{extras}")
        for sender in gateways.senders():
            self.stdout.write(f"{sender.name}  HL7  {sender.address}{_of_sender(sender)}")

    def _remove(self, options: dict[str, Any]) -> None:
        """Without --hl7 the DICOM peer of this name; when there is none, the HL7 sender."""
        name = options["name"]
        if options["hl7"] or name not in {peer.name for peer in services.peers()}:
            try:
                senders.remove_sender(name=name, by=SYSTEM)
            except NoSuchSender:
                raise CommandError("there is no peer of this name") from None
        else:
            services.remove_peer(name=name, by=SYSTEM)
        self.stdout.write(f"{name}: removed")


def _secret(path: str) -> str:
    """From a file: what stands in a command is seen by every user of the machine."""
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise CommandError("--stow-secret-file cannot be read") from None


def _of_sender(sender: Hl7Peer) -> str:
    return _extras(
        certificate=sender.certificate_name, application=sender.sending_application,
        facility=sender.sending_facility, charset=sender.charset, issuer=sender.issuer,
        frame_mb=sender.frame_mb, quiet="yes" if sender.is_quiet else "",
    )  # fmt: skip


def _extras(**values: object) -> str:
    return "".join(f"  {name}={value}" for name, value in values.items() if value)
