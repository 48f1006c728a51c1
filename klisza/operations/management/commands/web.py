from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from klisza.operations import roles, static_files
from klisza.operations.supervisor import Supervisor


class Command(BaseCommand):
    help = "Serve the pages: the public listener and the staff listener."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        static_files.bring_up_to_date()
        Supervisor(roles.web_servers(), stop_within=roles.STOP_WEB_WITHIN).run()
