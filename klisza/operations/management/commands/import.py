from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from klisza.operations.importing import import_paths


class Command(BaseCommand):
    help = "Bring DICOM files, folders, ZIPs and media into the archive."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--issuer", default="", help="of patient ids in objects that name no issuer")
        parser.add_argument("path", nargs="+", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        count: Counter[str] = Counter()
        for line in import_paths(options["path"], issuer=options["issuer"]):
            count[line.status] += 1
            self.stdout.write(
                f"{line.status:<11} {line.path}" + (f"  ({line.reason})" if line.reason else "")
            )
        self.stdout.write(
            ", ".join(f"{number} {status}" for status, number in sorted(count.items())) or "nothing found"
        )
        if count["refused"]:
            raise CommandError(f"{count['refused']} refused")
