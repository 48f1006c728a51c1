"""Entry point of the `klisza` command: Django's management under the project's name."""

from __future__ import annotations

import os
import sys

HELP: tuple[list[str], ...] = ([], ["help"], ["--help"], ["-h"])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
    if sys.argv[1:2] == ["up"] and "--demo" in sys.argv:
        os.environ["KLISZA_DEMO"] = "1"  # settings are read once, before the command's own arguments
    _refuse_wrong_settings()
    from django.core.management import execute_from_command_line

    if sys.argv[1:] in HELP:
        _help()
    else:
        execute_from_command_line(["klisza", *sys.argv[1:]])


def _refuse_wrong_settings() -> None:
    """One line that names the variable instead of a traceback (R01)."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        settings.INSTALLED_APPS  # noqa: B018 - reading one loads them all
    except ImproperlyConfigured as wrong:
        sys.exit(f"klisza: {wrong}")


def _help() -> None:
    """Our own commands first, each with its sentence; Django's by name."""
    import django
    from django.core.management import get_commands, load_command_class

    django.setup()
    ours = {name: app for name, app in get_commands().items() if app.startswith("klisza.")}
    lines = ["klisza COMMAND [--help]", ""]
    lines += [f"  {name:<10} {load_command_class(ours[name], name).help}" for name in sorted(ours)]
    theirs = sorted(name for name, app in get_commands().items() if not app.startswith("klisza."))
    lines += ["", f"Of Django: {', '.join(theirs)}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
