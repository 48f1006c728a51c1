"""The DICOM port against strangers (trust.md R02, R20, R21, R26, R28)."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from tests.gateways.door import (  # noqa: F401 - fixtures
    SAMPLES,
    Door,
    associate,
    c_store,
    connect,
    door,
    echo,
    folder,
    needs_samples,
    prepared,
    send,
    shared_door,
)
from tests.gateways.objects import CT, DEFLATED, EXPLICIT, dataset, encode

MEGABYTE = 1024 * 1024


@pytest.fixture
def guarded(folder: Path) -> Iterator[Door]:  # noqa: F811
    """Closed to everybody but one peer."""
    running = Door(folder, DICOM_OPEN="0")
    running.run(
        "peer", "add", "pacs", "--ae-title", "PACS", "--address", "127.0.0.0/24", "--issuer", "PACSNS"
    )
    running.start()
    yield running
    running.stop()


class TestAStrangerIsTurnedAway:
    def test_a_peer_of_the_list_may_enter(self, guarded: Door) -> None:
        assert echo(guarded.port, calling="PACS")

    def test_an_unknown_title_is_rejected(self, guarded: Door) -> None:
        """R02: A-ASSOCIATE-RJ, nothing stored, a row for the engineer and one for the audit."""
        association = associate(guarded.port, title="X")

        assert association.is_rejected
        assert association.acceptor.primitive.diagnostic == 3
        assert guarded.rows("SELECT calling_ae_title, reason FROM archive_refusedassociation") == [
            ("X", "calling AE title not recognised at this address")
        ]
        assert guarded.rows("SELECT outcome FROM audit_auditevent WHERE action = 'association.refused'") == [
            ("refused",)
        ]

    def test_a_known_title_from_elsewhere_is_rejected(self, guarded: Door) -> None:
        with socket.create_connection(
            ("127.0.0.1", guarded.port), source_address=("127.0.5.1", 0)
        ) as stranger:
            stranger.sendall(_request(calling="PACS"))
            answer = stranger.recv(10)

        assert answer[:1] == b"\x03"  # A-ASSOCIATE-RJ

    def test_another_called_title_is_rejected(self, guarded: Door) -> None:
        assert not echo(guarded.port, called="ORTHANC", calling="PACS")

    def test_a_storm_leaves_few_rows(self, guarded: Door) -> None:
        for _ in range(30):
            associate(guarded.port, title="X")

        assert guarded.rows("SELECT count(*) FROM archive_refusedassociation") == [(10,)]

    def test_the_issuer_is_that_of_the_peer(self, guarded: Door) -> None:
        made = dataset()
        association = associate(guarded.port, title="PACS")
        c_store(association, encode(made), sop_class=CT, sop_instance=made.SOPInstanceUID)
        association.release()

        assert guarded.rows("SELECT issuer, patient_id FROM archive_study") == [("PACSNS", "MRN1")]


class TestThePortStaysUsable:
    def test_64_silent_sockets_stop_nobody(self, door: Door) -> None:  # noqa: F811
        """P12: the library alone is blocked for 30 s by twelve of them."""
        silent = [connect(door.port) for _ in range(64)]

        began = time.monotonic()
        answered = echo(door.port)

        took = time.monotonic() - began
        all_closed = _closed_within(silent, 8)
        for one in silent:
            one.close()

        assert answered
        assert took < 5
        assert all_closed

    def test_300_silent_sockets_stop_nobody(self, door: Door) -> None:  # noqa: F811
        """More than the porch holds: the oldest go."""
        silent = [connect(door.port) for _ in range(300)]

        answered = echo(door.port)
        for one in silent:
            one.close()

        assert answered

    def test_a_drip_does_not_move_the_deadline(self, door: Door) -> None:  # noqa: F811
        began = time.monotonic()
        with connect(door.port) as slow:
            for byte in _request() * 2:
                if _is_closed(slow):
                    break
                _send_quietly(slow, bytes((byte,)))
                time.sleep(0.1)

        assert time.monotonic() - began < 9

    @pytest.mark.parametrize("length", [2 * 1024 * MEGABYTE - 1, MEGABYTE + 1, 10])
    def test_an_absurd_request_is_not_read(self, door: Door, length: int) -> None:  # noqa: F811
        """P11: the library alone swallows 1.5 GB from a stranger."""
        echo(door.port)
        before = door.resident_kb()
        with connect(door.port) as stranger:
            stranger.sendall(struct.pack(">BBL", 1, 0, length))
            sent = _push(stranger, 64 * MEGABYTE)

        assert sent < 16 * MEGABYTE
        assert door.resident_kb() - before < 32 * 1024
        assert echo(door.port)

    def test_an_absurd_data_pdu_is_not_read(self, door: Door) -> None:  # noqa: F811
        """After the A-ASSOCIATE-AC the negotiated maximum counts."""
        association = associate(door.port)
        before = door.resident_kb()
        raw = association.dul.socket.socket
        raw.sendall(struct.pack(">BBL", 4, 0, 1024 * MEGABYTE))
        sent = _push(raw, 64 * MEGABYTE)
        raw.close()
        association.kill()

        assert sent < 16 * MEGABYTE
        assert door.resident_kb() - before < 32 * 1024
        assert echo(door.port)

    def test_garbage_is_cut_off(self, door: Door) -> None:  # noqa: F811
        for garbage in (
            b"GET / HTTP/1.1\r\n\r\n",
            bytes(200),
            os.urandom(4096),
            b"\x01\x00" + os.urandom(300),
        ):
            with connect(door.port) as stranger:
                _send_quietly(stranger, garbage)

        assert echo(door.port)

    def test_one_source_has_a_share_of_slots(self, door: Door) -> None:  # noqa: F811
        """16 a source; the seventeenth is told to come back, another source is served."""
        held = [associate(door.port) for _ in range(17)]

        with socket.create_connection(("127.0.0.1", door.port), source_address=("127.0.5.1", 0)) as other:
            other.sendall(_request())
            other.settimeout(5)
            answer = other.recv(1)
        let_in = [association.is_established for association in held]
        for association in held:
            association.abort()

        assert let_in == [True] * 16 + [False]
        assert answer == b"\x02"  # A-ASSOCIATE-AC


class TestWhatArrivesIsNotBelieved:
    @pytest.mark.parametrize(
        "uid",
        ["../../../../tmp/x", "/etc/cron.d/x", "1.2\x00.3", "%2e%2e%2f", "1..2", ".1", "1.2." + "3" * 80],
    )
    def test_a_uid_is_never_a_path(self, shared_door: Door, uid: str) -> None:  # noqa: F811
        """R26: a failure status or a broken association, and no file by that name."""
        made = dataset()
        data = encode(made).replace(
            made.SOPInstanceUID.encode(), uid.encode()[:64].ljust(64, b"\0")[: len(made.SOPInstanceUID)]
        )
        association = associate(shared_door.port)

        status = c_store(association, data, sop_class=CT, sop_instance=made.SOPInstanceUID)
        association.abort()

        assert status in (0xA900, 0xC000, -1)
        assert all(len(name) == 32 for name in shared_door.files())

    def test_the_first_of_two_patients_stays(self, shared_door: Door) -> None:  # noqa: F811
        """R28: same SOP Instance UID, other patient: the original stays, staff see a conflict, 0000."""
        uid = generate_uid()
        first, second = dataset(SOPInstanceUID=uid), dataset(SOPInstanceUID=uid, PatientID="MRN2")

        seen = [send(shared_door.port, one) for one in (first, second)]

        assert seen == [0, 0]
        assert shared_door.stored(uid) == encode(first)
        assert shared_door.kept_aside(encode(second))

    def test_a_bomb_is_refused_quickly(self, shared_door: Door) -> None:  # noqa: F811
        """P6: 2 MB that inflate to 2 GB; refused within 5 s and without the memory."""
        made = dataset()
        bomb = _bomb(2048)
        before, began = shared_door.resident_kb(), time.monotonic()

        status = send(shared_door.port, made, DEFLATED, data=bomb)

        assert status == 0xC000
        assert time.monotonic() - began < 5
        assert shared_door.resident_kb() - before < 256 * 1024

    @pytest.mark.parametrize("defined", [True, False])
    def test_deep_sequences_are_refused(self, shared_door: Door, defined: bool) -> None:  # noqa: F811
        """P7: 20,000 levels kill recursive readers."""
        status = send(shared_door.port, dataset(), data=_nested(20_000, defined))

        assert status == 0xC000
        assert echo(shared_door.port)

    @needs_samples
    def test_hostile_files_do_no_harm(self, shared_door: Door, prepared: Path) -> None:  # noqa: F811
        """Each hostile sample as the data set of a C-STORE, with good objects in between."""
        for number, path in enumerate(sorted((SAMPLES / "hostile").rglob("*.*"))):
            if path.is_file():
                send(shared_door.port, dataset(), _syntax(path), data=path.read_bytes()[_offset(path) :])
            if number % 10 == 0:
                began = time.monotonic()
                assert send(shared_door.port, dataset()) == 0
                assert time.monotonic() - began < 10

    @needs_samples
    def test_hostile_files_are_imported_harmlessly(self, folder: Path) -> None:  # noqa: F811
        """A copy without links; what is refused says why, and the canary beside the folder stays unread."""
        tree = folder / "media"
        shutil.copytree(SAMPLES / "hostile", tree)
        (tree / "link.dcm").symlink_to("/etc/passwd")
        door_ = Door(folder)

        with pytest.raises(Exception, match="non-zero exit"):
            door_.run("import", str(tree))

        assert door_.rows("SELECT count(*) FROM archive_instance")[0][0] > 50
        assert door_.rows("SELECT count(*) FROM archive_quarantined WHERE reason = ''") == [(0,)]


def _request(*, calling: str = "STRANGER", called: str = "KLISZA") -> bytes:
    """An A-ASSOCIATE-RQ for verification, written out."""

    def item(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(body)) + body

    context = bytes((1, 0, 0, 0)) + item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2")
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3")
    body = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode())
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user)
    return struct.pack(">BBL", 1, 0, len(body)) + body


def _push(connection: socket.socket, most: int) -> int:
    """How many bytes go through before the other side closes.

    The socket of an association may already be shut by the library's own reader, which saw the door close first.
    """
    sent, piece = 0, bytes(65_536)
    try:
        connection.settimeout(3)
        while sent < most:
            sent += connection.send(piece)
    except OSError:
        pass
    return sent


def _send_quietly(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        pass


def _is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(16) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.setblocking(True)


def _closed_within(connections: list[socket.socket], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connections = [one for one in connections if not _is_closed(one)]
        if not connections:
            return True
        time.sleep(0.1)
    return False


def _bomb(megabytes: int) -> bytes:
    """Zeros as pixel data; a full flush makes blocks that can be repeated without compressing again."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = engine.compress(struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OW", 0, megabytes * MEGABYTE))
    head += engine.flush(zlib.Z_FULL_FLUSH)
    block = engine.compress(bytes(MEGABYTE)) + engine.flush(zlib.Z_FULL_FLUSH)
    return head + block * megabytes + engine.flush()


def _nested(levels: int, defined: bool) -> bytes:
    """Sequences in sequences, of correct or of undefined length."""
    if not defined:
        opening = _sequence(0xFFFFFFFF) + _item(0xE000, 0xFFFFFFFF)
        return opening * levels + (_item(0xE00D, 0) + _item(0xE0DD, 0)) * levels
    headers, length = [], 0
    for _ in range(levels):
        headers.append(_sequence(length + 8) + _item(0xE000, length))
        length += 20
    return b"".join(reversed(headers))


def _sequence(length: int) -> bytes:
    return struct.pack("<HH2sHL", 0x0008, 0x1115, b"SQ", 0, length)


def _item(element: int, length: int) -> bytes:
    return struct.pack("<HHL", 0xFFFE, element, length)


def _offset(path: Path) -> int:
    from klisza.standards.dicom.errors import Unreadable
    from klisza.standards.dicom.part10 import split

    try:
        return split(path.read_bytes()).offset
    except Unreadable:
        return 0


def _syntax(path: Path) -> str:
    return DEFLATED if "deflate" in path.name else EXPLICIT
