"""R58: clamd's own protocol over a real socket."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from klisza.base.errors import Unavailable
from klisza.uploads import virus
from klisza.uploads.models import HandedFile

from .given import a_browser, a_delivery, batch_of, handed_in, listed, send_batch

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
State = HandedFile.State


class Clamd:
    """As clamd(8) describes INSTREAM: zCOMMAND, chunks with their length, a chunk of zero; one answer with a NUL."""

    def __init__(self, server: socket.socket, most: int) -> None:
        self.server, self.most = server, most
        self.seen: list[bytes] = []

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                with connection:
                    connection.sendall(self._answer(connection))

    def _answer(self, connection: socket.socket) -> bytes:
        if _exactly(connection, 10) != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND\0"
        data = b""
        while length := struct.unpack(">L", _exactly(connection, 4))[0]:
            data += _exactly(connection, length)
            if len(data) > self.most:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.seen.append(data)
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0"


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length and (some := connection.recv(length - len(data))):
        data += some
    return data


@pytest.fixture(params=["unix", "tcp"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path, settings: object) -> Iterator[Clamd]:
    if request.param == "unix":
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / "clamd"))
        server.listen()
        address = str(tmp_path / "clamd")
    else:
        server = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
    settings.CLAMD = address  # type: ignore[attr-defined]
    scanner = Clamd(server, most=1_000_000)
    thread = threading.Thread(target=scanner.run, daemon=True)
    thread.start()
    yield scanner
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def test_a_clean_file_passes(clamd: Clamd) -> None:
    assert virus.find([b"abc", b"", b"def"]) == ""
    assert clamd.seen == [b"abcdef"]


def test_eicar_is_found(clamd: Clamd) -> None:
    assert virus.find([EICAR]) == "Eicar-Test-Signature"


def test_what_is_too_large_is_said(clamd: Clamd) -> None:
    with pytest.raises(virus.TooLargeToScan):
        virus.find(bytes(100_000) for _ in range(30))


def test_nobody_answers(settings: object) -> None:
    settings.CLAMD = "/nowhere/clamd.sock"  # type: ignore[attr-defined]

    with pytest.raises(Unavailable):
        virus.find([b"abc"])


@pytest.mark.django_db
def test_r58_eicar_is_quarantined_and_staff_see_why(clamd: Clamd) -> None:
    virus_file, note = handed_in(a_delivery(), ("wynik.txt", EICAR), ("CD/readme.txt", b"hello"))

    assert (virus_file.state, virus_file.reason) == (State.QUARANTINED, "virus")
    assert virus_file.facts == {"virus": "Eicar-Test-Signature"}
    assert note.state == State.SKIPPED


@pytest.mark.django_db
def test_r58_nothing_passes_while_the_scanner_is_away(settings: object) -> None:
    from klisza.uploads.services import sorting

    settings.CLAMD = "/nowhere/clamd.sock"  # type: ignore[attr-defined]
    delivery = a_delivery()
    file = listed(delivery, ("a.pdf", 3))[0]
    send_batch(a_browser(delivery), delivery, batch_of((file, b"abc")))

    with pytest.raises(Unavailable):
        sorting.sort_arrived()
    file.refresh_from_db()
    assert file.state == State.ARRIVED
