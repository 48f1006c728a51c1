"""R58: clamd's own protocol over a real socket."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from klisza.base.errors import Unavailable
from klisza.uploads import queries, virus
from klisza.uploads.models import HandedFile
from klisza.uploads.services import sorting
from tests.examinations.given import pdf

from .given import a_browser, a_delivery, batch_of, dicom_file, handed_in, listed, send_batch, zip_of

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SECOND = b"a second signature that only the tests of this project know"
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


@pytest.fixture
def real_clamd(tmp_path: Path, settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """Debian's clamd with two signatures of our own: nothing is fetched, it is up within a second."""
    clamd = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
    if clamd is None:
        pytest.skip("clamd is not installed (apt-get install --no-install-recommends clamav-daemon)")
    database = tmp_path / "signatures"
    database.mkdir()
    (database / "own.ndb").write_text(f"Klisza.Test:0:*:{SECOND.hex()}\n")
    (database / "own.hdb").write_text(f"{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Eicar.Test\n")
    where = tmp_path / "s"
    (tmp_path / "clamd.conf").write_text(
        f"Foreground yes\nLocalSocket {where}\nDatabaseDirectory {database}\nTemporaryDirectory {tmp_path}\n"
        "StreamMaxLength 1M\n"
    )
    process = subprocess.Popen(
        [clamd, "--config-file", str(tmp_path / "clamd.conf")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    settings.CLAMD = str(where)  # type: ignore[attr-defined]
    deadline = time.monotonic() + 60
    while not where.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    yield process
    process.terminate()
    process.wait(timeout=20)


@pytest.mark.long
@pytest.mark.django_db
class TestTheRealOne:
    """clamd itself, beside the fake that the short run uses."""

    def test_one_bad_file_does_not_take_the_disc_with_it(self, real_clamd: subprocess.Popen[bytes]) -> None:
        packed = zip_of(("CD/IM1", dicom_file()), ("CD/viewer/readme.com", EICAR))
        archive, note, letter = handed_in(
            a_delivery(),
            ("płyta/dane.zip", packed),
            ("płyta/x.bin", b"a" + SECOND),
            ("płyta/list.pdf", pdf("x")),
        )

        assert (archive.state, letter.state) == (State.SORTED, State.SORTED)
        assert (note.state, note.facts) == (State.QUARANTINED, {"virus": "Klisza.Test.UNOFFICIAL"})
        image, bad = archive.members.order_by("position")
        assert image.state == State.SORTED
        assert (bad.path, bad.reason) == ("dane.zip/CD/viewer/readme.com", "virus")
        assert bad.facts == {"virus": "Eicar.Test.UNOFFICIAL"}

    def test_what_is_larger_than_it_reads_is_set_aside(self, real_clamd: subprocess.Popen[bytes]) -> None:
        large, small = handed_in(
            a_delivery(), ("duże.pdf", pdf("x") + b"\n%" + bytes(3_000_000)), ("małe.pdf", pdf("y"))
        )
        assert (large.reason, small.state) == ("unscanned", State.SORTED)

    def test_while_it_is_down_files_wait_and_go_on_after(self, real_clamd: subprocess.Popen[bytes]) -> None:
        delivery = a_delivery()
        file = listed(delivery, ("a.pdf", len(pdf("a"))))[0]
        real_clamd.terminate()
        real_clamd.wait(timeout=20)
        assert send_batch(a_browser(delivery), delivery, batch_of((file, pdf("a")))).status_code == 200
        with pytest.raises(Unavailable):
            sorting.sort_arrived()
        assert HandedFile.objects.get().state == State.ARRIVED

        again = subprocess.Popen(real_clamd.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while HandedFile.objects.get().state == State.ARRIVED and time.monotonic() < deadline:
                with contextlib.suppress(Unavailable):
                    sorting.sort_arrived()
                time.sleep(0.2)
        finally:
            again.terminate()
            again.wait(timeout=20)
        assert HandedFile.objects.get().state == State.SORTED


@pytest.mark.django_db
def test_r58_a_bad_file_in_a_zip_is_named_and_the_rest_goes_on(clamd: Clamd) -> None:
    """A scanner that looks into archives finds it in the ZIP as well: only the member is set aside."""
    packed = zip_of(("CD/IM1", dicom_file()), ("CD/readme.com", EICAR), compression=0)
    archive, letter = handed_in(a_delivery(), ("płyta.zip", packed), ("list.pdf", pdf("x")))

    assert (archive.state, letter.state) == (State.SORTED, State.SORTED)
    image, bad = archive.members.order_by("position")
    assert (image.state, bad.state, bad.reason) == (State.SORTED, State.QUARANTINED, "virus")


@pytest.mark.django_db
def test_staff_read_that_files_are_left_lying() -> None:
    delivery = a_delivery()
    file = listed(delivery, ("a.pdf", 3))[0]
    send_batch(a_browser(delivery), delivery, batch_of((file, b"abc")))
    assert queries.left_lying() == 0
    HandedFile.objects.update(arrived_at=timezone.now() - timedelta(minutes=11))
    assert queries.left_lying() == 1


@pytest.mark.django_db
def test_r58_nothing_passes_while_the_scanner_is_away(settings: object) -> None:
    settings.CLAMD = "/nowhere/clamd.sock"  # type: ignore[attr-defined]
    delivery = a_delivery()
    file = listed(delivery, ("a.pdf", 3))[0]
    send_batch(a_browser(delivery), delivery, batch_of((file, b"abc")))

    with pytest.raises(Unavailable):
        sorting.sort_arrived()
    file.refresh_from_db()
    assert file.state == State.ARRIVED
