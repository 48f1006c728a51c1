from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from klisza.gateways.hl7v2 import listener


class Command(BaseCommand):
    help = "Receive patients, orders and reports: HL7 v2 by MLLP."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        listener.serve(stop)
