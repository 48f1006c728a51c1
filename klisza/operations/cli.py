"""Entry point of the `klisza` command: Django's management under the project's name."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
    if sys.argv[1:2] == ["up"] and "--demo" in sys.argv:
        os.environ["KLISZA_DEMO"] = "1"  # settings are read once, before the command's own arguments
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
