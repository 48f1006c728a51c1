"""How the one port is served: granian's options compared (docs/adr/0006), and SIGTERM under load.

.venv/bin/python -m bench.compositions
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from . import data, load
from .servers import Klisza, answers, wait_for

GRANIAN = str(Path(sys.executable).with_name("granian"))
WSGI, ASGI = "klisza.config.server:application", "bench.compositions:asgi"
SHIPPED = "WSGI, 2 workers x 24 threads (as shipped)"
CHOICES = {
    SHIPPED: ("wsgi", WSGI, ("--workers", "2", "--blocking-threads", "24")),
    "WSGI, 2 workers x 4 threads": ("wsgi", WSGI, ("--workers", "2", "--blocking-threads", "4")),
    "WSGI, 2 workers x 64 threads": ("wsgi", WSGI, ("--workers", "2", "--blocking-threads", "64")),
    "WSGI, 1 worker x 24 threads": ("wsgi", WSGI, ("--workers", "1", "--blocking-threads", "24")),
    "WSGI, 2 workers x 24 threads, one runtime": (
        "wsgi", WSGI, ("--workers", "2", "--blocking-threads", "24", "--runtime-mode", "mt"),
    ),
    "ASGI around the same WSGI, 2 workers": ("asgi", ASGI, ("--workers", "2")),
}  # fmt: skip
KILL_SECONDS = "8"


def __getattr__(name: str) -> object:
    """`asgi` is made on demand: the benchmark itself must not load Django."""
    if name != "asgi":
        raise AttributeError(name)
    from asgiref.wsgi import WsgiToAsgi

    from klisza.config.server import application

    return WsgiToAsgi(application)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.compositions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="klisza-bench-") as name:
        folder = Path(name)
        klisza = Klisza(folder / "klisza")
        parts = data.make(folder / "slices", 4)
        with klisza.running():
            load.send(parts, ae_title=klisza.ae_title, port=klisza.dicom)
            wait_for(lambda: klisza.settled(data.study_uid(data.MARK)), 240, "previews and metadata")
        found: dict[str, dict[str, list[float]]] = {choice: defaultdict(list) for choice in CHOICES}
        for number in range(options.rounds):
            # There and back again: a load that grows meanwhile favours nobody.
            for choice in list(found)[:: -1 if number % 2 else 1]:
                _measure(klisza, choice, found[choice], options.seconds, folder)
    _print(found)
    return 0


def _measure(
    klisza: Klisza, choice: str, samples: dict[str, list[float]], seconds: float, folder: Path
) -> None:
    with _served(klisza, choice) as server:
        _, frames = klisza.addresses(data.study_uid(data.MARK))
        page = [f"http://127.0.0.1:{klisza.http}/"]
        for name, addresses, connections in (("6", frames, 6), ("100", frames, 100), ("page", page, 6)):
            rate = load.hammer(addresses, connections=connections, seconds=seconds, folder=folder)
            samples[name].append(rate.requests)
            samples["errors"].append(rate.errors)
        samples["under load"].append(_ended_under_load(server, frames, folder))
    with _served(klisza, choice) as server:
        samples["slow client"].append(_ended_with_slow_client(klisza, server))


@contextmanager
def _served(klisza: Klisza, choice: str) -> Iterator[subprocess.Popen[bytes]]:
    interface, target, options = CHOICES[choice]
    command = [GRANIAN, "--interface", interface, "--host", "127.0.0.1", "--port", str(klisza.http),
               "--backpressure", "512", "--workers-kill-timeout", KILL_SECONDS, *options, target]  # fmt: skip
    environment = klisza.environment | {
        "DJANGO_SETTINGS_MODULE": "klisza.config.settings",
        "PYTHONPATH": str(Path.cwd()),
    }
    with (klisza.folder / "granian.log").open("ab") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{klisza.http}/"), 60, choice)
        yield server
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _ended_under_load(server: subprocess.Popen[bytes], frames: list[str], folder: Path) -> float:
    thread = threading.Thread(
        target=load.hammer, args=(frames,), kwargs={"connections": 100, "seconds": 4, "folder": folder}
    )
    thread.start()
    time.sleep(1.5)
    seconds = _end(server)
    thread.join()
    return seconds


def _ended_with_slow_client(klisza: Klisza, server: subprocess.Popen[bytes]) -> float:
    """One machine reads the whole study a little at a time."""
    with socket.create_connection((urlsplit(klisza.root).hostname or "", klisza.http), timeout=30) as slow:
        slow.sendall(
            f"GET /dicom-web/studies/{data.study_uid(data.MARK)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {klisza.token}\r\n\r\n".encode()
        )
        slow.recv(65536)
        return _end(server)


def _end(server: subprocess.Popen[bytes]) -> float:
    """Seconds from SIGTERM to the end of the whole group; 99 when it had to be killed."""
    begin = time.perf_counter()
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        return 99.0
    return time.perf_counter() - begin


def _print(found: dict[str, dict[str, list[float]]]) -> None:
    columns = ("6", "100", "page", "under load", "slow client", "errors")
    print(
        "| composition | frames/s, 6 | frames/s, 100 | page/s, 6 | SIGTERM under load, s |"
        " with a slow client, s | errors |"
    )
    print("|---|---|---|---|---|---|---|")
    for choice, samples in found.items():
        cells = [f"{statistics.median(samples[column]):.1f}" for column in columns]
        print(f"| {choice} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    raise SystemExit(main())
