from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from klisza.operations import worker


class Command(BaseCommand):
    help = "Do what happens later: messages, settling of studies, previews, audit chain."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        worker.run()
