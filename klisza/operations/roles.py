"""The processes Klisza consists of, as command lines."""

from __future__ import annotations

import sys

from django.conf import settings

from .supervisor import Child

STOP_WEB_WITHIN = 15.0  # seconds; granian cuts what is still open after WORKER_KILL_SECONDS
STOP_ALL_WITHIN = 28.0
WORKER_KILL_SECONDS = 8  # measured: without it granian's workers may outlive SIGTERM (docs/adr/0006)
STAFF_PROCESSES = 1
THREADS = 24
REQUESTS_WAITING = 512


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "klisza.operations.cli", name]


def all_roles() -> list[Child]:
    """The web servers themselves and not `klisza web`: a process that only watches two others costs 60 MB."""
    others = [Child(name, command(name), {"KLISZA_ROLE": name}) for name in ("worker", "dicom", "hl7")]
    return [*web_servers(), *others]


def web_servers() -> list[Child]:
    """The public and the staff listener: one program under two settings, so no address leaks across."""
    return [
        _server("public", settings.WEB_BIND, settings.WEB_PROCESSES),
        _server("staff", settings.STAFF_BIND, STAFF_PROCESSES),
    ]


def _server(listener: str, bind: tuple[str, int], processes: int) -> Child:
    host, port = bind
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": port,
        "--workers": processes,
        "--blocking-threads": THREADS,
        "--backpressure": REQUESTS_WAITING,
        "--workers-kill-timeout": WORKER_KILL_SECONDS,
        "--log-level": "error",
    }
    arguments = [str(part) for pair in options.items() for part in pair]
    return Child(
        listener,
        [
            sys.executable,
            "-m",
            "granian",
            "klisza.config.server:application",
            "--no-ws",
            "--respawn-failed-workers",
            *arguments,
        ],
        {"KLISZA_LISTENER": listener, "KLISZA_ROLE": "web"},
    )
