from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from klisza.gateways.dicom import scp


class Command(BaseCommand):
    help = "Receive images: DICOM C-STORE and C-ECHO."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        scp.serve(stop)
