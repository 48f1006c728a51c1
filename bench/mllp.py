"""Reports by MLLP: Klisza's HL7 door beside the `hl7` package's server, the same messages in the same run.

Alone, without the other rows: python -m bench.mllp [--rounds N]
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .servers import KLISZA, START_SECONDS, free_port, listens, started, wait_for

START, END = b"\x0b", b"\x1c\r"
PDF_BYTES = 60 * 1024
PATIENTS = 50
# Connections -> messages of a round. A hospital's interface engine has one for each system that sends.
SIZES = {1: 400, 8: 1200}
APPLY_SECONDS = 15
SENT_FROM = datetime(2026, 3, 1, tzinfo=UTC)

Samples = dict[str, list[float]]


class Door:
    """`klisza hl7` alone, as embedded: SQLite in a folder, every message synced to disk before its answer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("KLISZA_")}
        self.environment = inherited | {
            "KLISZA_DEMO": "1", "KLISZA_DATA_DIR": str(folder / "data"), "KLISZA_ACCOUNT_POLICY": "invited",
            "KLISZA_HL7_BIND": f"127.0.0.1:{self.port}",
        }  # fmt: skip

    @contextlib.contextmanager
    def running(self) -> Iterator[Door]:
        self.folder.mkdir(parents=True)
        subprocess.run([KLISZA, "migrate"], env=self.environment, check=True, capture_output=True)
        with started([KLISZA, "hl7"], self.folder, self.environment) as process:
            wait_for(lambda: listens(self.port), START_SECONDS, "Klisza's HL7 port")
            self.process_id = process.pid
            for number in range(PATIENTS):
                exchange(self.port, [admission(number)])
            yield self

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """It has the machine for itself in its turn only: what it applies later must not disturb the others."""
        os.kill(self.process_id, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process_id, signal.SIGCONT)

    def applied(self) -> int:
        """Raises RuntimeError when a message has not come to its effect, nor waits for it."""
        counts = dict(self._rows("SELECT state, count(*) FROM gateways_inboundmessage GROUP BY state"))
        if counts.keys() - {"applied", "waiting"}:
            raise RuntimeError(f"messages that did not take effect: {counts}")
        return int(counts.get("applied", 0))

    def _rows(self, query: str) -> list[tuple[str, int]]:
        database = sqlite3.connect(f"file:{self.folder}/data/klisza.sqlite3?mode=ro", uri=True, timeout=60)
        with contextlib.closing(database):
            return database.execute(query).fetchall()


class Package:
    """The server of the `hl7` package; it parses and answers, and keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()

    @contextlib.contextmanager
    def running(self) -> Iterator[Package]:
        self.folder.mkdir(parents=True)
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, "-m", "bench.mllp_peer", str(self.port)]
        with started(command, self.folder, environment):
            wait_for(lambda: listens(self.port), START_SECONDS, "the hl7 package's port")
            yield self


@contextlib.contextmanager
def both(folder: Path) -> Iterator[tuple[Door, Package]]:
    with Door(folder / "door").running() as door, Package(folder / "package").running() as package:
        yield door, package


def measure(door: Door, package: Package, number: int, ours: Samples, theirs: Samples) -> None:
    """One round; every second time the other one begins."""
    for connections, count in SIZES.items():
        messages = [report(f"{number}-{connections}-{each}", each) for each in range(count)]

        def turn(
            server: Door | Package, messages: list[bytes] = messages, connections: int = connections
        ) -> float:
            return len(messages) / load(server.port, messages, connections)

        name = f"mllp-{connections}"
        if number % 2:
            ours[name].append(turn(door))
        with door.paused():
            theirs[name].append(turn(package))
        if not number % 2:
            ours[name].append(turn(door))
    before = door.applied()
    time.sleep(APPLY_SECONDS)
    ours["mllp-applied"].append((door.applied() - before) / APPLY_SECONDS)


def load(port: int, messages: list[bytes], connections: int) -> float:
    """Each connection sends its share, one message after the answer to the other; seconds until the last answer."""
    faults: list[Exception] = []

    def send(share: list[bytes]) -> None:
        try:
            exchange(port, share)
        except Exception as fault:
            faults.append(fault)

    threads = [
        threading.Thread(target=send, args=(messages[first::connections],)) for first in range(connections)
    ]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    if faults:
        raise faults[0]
    return seconds


def exchange(port: int, messages: list[bytes]) -> None:
    """Over one connection. Raises RuntimeError unless each message is answered AA under its own control id."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for message in messages:
            line.sendall(START + message + END)
            answer = b""
            while END not in answer:
                piece = line.recv(65_536)
                if not piece:
                    raise RuntimeError("the connection was closed without an answer")
                answer += piece
            control_id = message.split(b"|", 10)[9]
            if b"MSA|AA|" + control_id not in answer:
                raise RuntimeError(f"not accepted: {answer[:300]!r}")


def admission(number: int) -> bytes:
    return _message("ADT^A28", f"ADT-{number}", "EVN|A28|20260301080000+0000", _person(number))


def report(name: str, number: int) -> bytes:
    """A final report whose PDF nobody has seen yet."""
    data = base64.b64encode(b"%PDF-1.4\n" + random.Random(name).randbytes(PDF_BYTES - 16) + b"\n%%EOF\n")
    reported = f"{SENT_FROM + timedelta(seconds=number):%Y%m%d%H%M%S}+0000"
    return _message(
        "ORU^R01", f"ORU-{name}", _person(number % PATIENTS),
        f"OBR|1|P{name}^HIS|F{name}^RIS|CTKLP^TK klatki piersiowej|||20260228090000+0000"
        f"|||||||||||A{name}||||{reported}||CT|F",
        "OBX|1|TX|18782-3^Opis^LN||Bez zmian ogniskowych. Narządy miąższowe w normie.||||||F",
        f"OBX|2|ED|18748-4^Opis^LN||RIS^application^pdf^Base64^{data.decode()}||||||F",
    )  # fmt: skip


def _person(number: int) -> str:
    return f"PID|1||B{number:05}^^^SZP&1.2.3.4&ISO^MR||Pomiarowa^Anna||19600229|F"


def _message(kind: str, control_id: str, *segments: str) -> bytes:
    head = f"MSH|^~\\&|RIS|SZP|KLISZA|SZP|20260301120000+0000||{kind}|{control_id}|P|2.5|||||||UNICODE UTF-8"
    return "\r".join([head, *segments, ""]).encode()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.mllp", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    ours: Samples = defaultdict(list)
    theirs: Samples = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="klisza-bench-") as folder, both(Path(folder)) as (door, package):
        for number in range(1, rounds + 1):
            measure(door, package, number, ours, theirs)
            print(f"round {number}", {key: round(value[-1], 1) for key, value in ours.items()},
                  {key: round(value[-1], 1) for key, value in theirs.items()}, flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
