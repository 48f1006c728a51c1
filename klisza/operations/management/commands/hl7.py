from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from klisza.base.signals import stop_asked
from klisza.gateways.hl7v2 import listener


class Command(BaseCommand):
    help = "Receive patients, orders and reports: HL7 v2 by MLLP."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        listener.serve(stop_asked())
