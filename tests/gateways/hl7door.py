"""A real `klisza hl7` process in a fresh data folder, and a sender of raw bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from .door import HOST, KLISZA, Door, prepared  # noqa: F401 - fixture

SAMPLES = Path(os.environ.get("KLISZA_SAMPLES", Path(__file__).parents[3] / "shared" / "samples")) / "hl7"
needs_messages = pytest.mark.skipif(not SAMPLES.is_dir(), reason="KLISZA_SAMPLES is not there")
NUMBERS = count(1)
START, END = b"\x0b", b"\x1c\r"


class Hl7Door(Door):
    """`settings` are KLISZA_ variables without the prefix; open to loopback unless they say otherwise."""

    def __init__(self, folder: Path, **settings: str) -> None:
        given = {"HL7_BIND": f"{HOST}:0", "HL7_OPEN": "1", "ACCOUNT_POLICY": "invited", **settings}
        super().__init__(folder, **given)
        self.tls_port = 0

    def start(self, *before: str) -> Hl7Door:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, *KLISZA, "hl7"], env=self.environment, stderr=log, stdout=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if '"hl7_listening"' in line:
                    said = json.loads(line)
                    self.port, self.tls_port = said["port"], said["tls_port"] or 0
                    return self
            time.sleep(0.02)
        raise AssertionError(self.log.read_text()[-2000:])

    def worker(self) -> subprocess.Popen[bytes]:
        """The worker of this folder; it has its own port for metrics."""
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen([*KLISZA, "worker"], env=self.environment, stderr=log, stdout=log)

    def states(self) -> list[str]:
        """Of all messages in order of arrival."""
        return [state for (state,) in self.rows("SELECT state FROM gateways_inboundmessage ORDER BY id")]

    def wait_for(self, query: str, wanted: object, *, seconds: float = 20) -> None:
        """Until the only figure of this query is `wanted`."""
        deadline = time.monotonic() + seconds
        while (found := self.rows(query)[0][0]) != wanted:
            assert time.monotonic() < deadline, f"{found!r} instead of {wanted!r}: {self.log_end()}"
            time.sleep(0.1)

    def log_end(self) -> str:
        return self.log.read_text()[-3000:]


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> Path:  # noqa: F811
    """A migrated data folder of its own."""
    shutil.copy(prepared / "klisza.sqlite3", tmp_path)
    return tmp_path


@pytest.fixture
def hl7(place: Path) -> Iterator[Hl7Door]:
    """Open to loopback; one process for each test."""
    running = Hl7Door(place).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shared_hl7(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hl7Door]:  # noqa: F811
    """One process for a module whose tests do not disturb each other."""
    folder = tmp_path_factory.mktemp("hl7")
    shutil.copy(prepared / "klisza.sqlite3", folder)
    running = Hl7Door(folder).start()
    yield running
    running.stop()


class Sender:
    """MLLP from the standard, over a plain or given socket; knows nothing of the portal's code."""

    def __init__(self, port: int, *, source: str = HOST, line: socket.socket | None = None) -> None:
        self.line = line or socket.create_connection((HOST, port), timeout=60, source_address=(source, 0))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def ask(self, message: bytes) -> bytes:
        self.line.sendall(START + message + END)
        return self.answer()

    def answer(self) -> bytes:
        """The content of the next frame. Raises ConnectionError when the door is shut first."""
        while END not in self.rest:
            piece = self.line.recv(65_536)
            if not piece:
                raise ConnectionError("closed without an answer")
            self.rest += piece
        frame, _, self.rest = self.rest.partition(END)
        assert frame.startswith(START)
        return frame[1:]

    def is_shut(self, *, within: float) -> bool:
        """Whether the other side ends the connection in this time, without a word."""
        self.line.settimeout(within)
        try:
            return self.line.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def ask(port: int, message: bytes, *, source: str = HOST) -> bytes:
    """Over a connection of its own."""
    with Sender(port, source=source) as sender:
        return sender.ask(message)


def code(answer: bytes) -> str:
    """MSA-1."""
    return _segment(answer, "MSA")[1]


def told(answer: bytes) -> tuple[str, str, str]:
    """MSA-1, and of an ERR its code and its place, without empty parts."""
    err = _segment(answer, "ERR")
    if not err:
        return code(answer), "", ""
    condition = err[3] if len(err) > 3 else err[1].split("^")[-1].replace("&", "^")
    place = err[2] if len(err) > 3 else "^".join(err[1].split("^")[:3])
    return code(answer), condition.split("^")[0], re.sub(r"\^+", "^", place.strip("^"))


def _segment(answer: bytes, name: str) -> list[str]:
    for line in answer.decode("utf-8", "replace").split("\r"):
        if line.startswith(name):
            sign = line[3]
            return line.split(sign)
    return []


def control_id() -> str:
    return f"T{next(NUMBERS):08}"


def message(kind: str, *segments: str, control: str = "", application: str = "HIS", more: str = "") -> bytes:
    """more: of MSH from field 13 on."""
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    head = rf"MSH|^~\&|{application}|SZP|KLISZA|SZP|{stamp}||{kind}|{control or control_id()}|P|2.5.1{more}"
    return "\r".join([head, *segments, ""]).encode("utf-8")


def adt(
    number: str,
    *,
    event: str = "A28",
    family: str = "Testowa",
    control: str = "",
    more: str = "",
    at: str = "",
) -> bytes:
    stated = at or datetime.now(UTC).strftime("%Y%m%d%H%M%S.%f+0000")
    return message(
        f"ADT^{event}", f"EVN|{event}|{stated}",
        f"PID|1||{number}^^^SZP&1.2.3.4&ISO^MR||{family}^Anna||19600229|F", control=control, more=more,
    )  # fmt: skip


def oru(number: str, *, report: str, text: str = "Bez zmian.", control: str = "", pdf: str = "") -> bytes:
    rows = [f"OBX|1|TX|18782-3^Opis^LN||{text}||||||F"]
    if pdf:
        rows.append(f"OBX|2|ED|18748-4^Opis^LN||RIS^application^pdf^Base64^{pdf}||||||F")
    return message(
        "ORU^R01", f"PID|1||{number}^^^SZP&1.2.3.4&ISO^MR||Testowa^Anna||19600229|F",
        f"OBR|1|P{report}^HIS|F{report}^RIS|CTKLP^TK klatki piersiowej|||20260302090000+0100|||||||||||A{report}||||"
        "20260302110000+0100||CT|F",
        *rows, control=control, application="RIS",
    )  # fmt: skip
