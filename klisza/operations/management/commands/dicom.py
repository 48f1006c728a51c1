from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from klisza.base.signals import stop_asked
from klisza.gateways.dicom import scp


class Command(BaseCommand):
    help = "Receive images: DICOM C-STORE and C-ECHO."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        scp.serve(stop_asked())
