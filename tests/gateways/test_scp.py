"""The DICOM door with real peers: dcmtk and a sender of raw bytes."""

from __future__ import annotations

import csv
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from klisza.gateways.dicom import statuses
from klisza.standards.dicom.errors import Unreadable
from klisza.standards.dicom.header import read_header
from klisza.standards.dicom.part10 import PREAMBLE, split
from klisza.standards.dicom.uids import ACCEPTED_TRANSFER_SYNTAXES, EXPLICIT_BE

from .door import (  # noqa: F401 - fixtures
    HOST,
    SAMPLES,
    Door,
    associate,
    c_store,
    echo,
    folder,
    needs_samples,
    prepared,
    send,
    shared_door,
)
from .objects import CT, DEFLATED, EXPLICIT, IMPLICIT, dataset, encode, part10

EXPECTED = Path(__file__).with_name("expected.csv")
PRIVATE_CLASS = "1.3.12.2.1107.5.9.1"  # Siemens CSA Non-Image Storage


@pytest.fixture
def port(shared_door: Door) -> int:  # noqa: F811
    return shared_door.port


def test_an_echo_is_answered(port: int) -> None:
    assert echo(port)


@pytest.mark.parametrize("program", ["findscu -S -k 0008,0052=STUDY", "getscu -S -k 0008,0052=STUDY"])
def test_queries_find_no_context(port: int, program: str, tmp_path: Path) -> None:
    """R03: nothing but C-ECHO and C-STORE is offered."""
    name, *options = program.split()
    done = subprocess.run(
        [name, *options, "-aec", "KLISZA", HOST, str(port)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode != 0
    assert "Presentation Contexts" in done.stderr


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_bytes_are_kept_as_received(shared_door: Door, syntax: str) -> None:  # noqa: F811
    made = dataset()

    status = send(shared_door.port, made, syntax)

    assert status == statuses.SUCCESS
    assert shared_door.stored(made.SOPInstanceUID) == encode(made, syntax)


@pytest.mark.parametrize(
    "sop_class", [PRIVATE_CLASS, "1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.9999"]
)
def test_every_storage_class_is_taken(port: int, sop_class: str) -> None:
    """Private, retired, and newer than the library."""
    assert send(port, dataset(SOPClassUID=sop_class)) == statuses.SUCCESS


def test_a_commitment_is_not_taken_for_storage(port: int) -> None:
    association = associate(port, "1.2.840.10008.1.20.1")

    assert not association.accepted_contexts


def test_big_endian_is_refused_in_negotiation(port: int) -> None:
    association = associate(port, CT, [EXPLICIT_BE])

    assert not association.accepted_contexts


def test_compressed_comes_before_uncompressed(port: int) -> None:
    """The sender that holds JPEG 2000 sends what it holds, whatever order it proposes."""
    association = associate(port, CT, [IMPLICIT, EXPLICIT, "1.2.840.10008.1.2.4.90"])
    chosen = association.accepted_contexts[0].transfer_syntax
    association.release()

    assert chosen == ["1.2.840.10008.1.2.4.90"]


def test_a_duplicate_is_a_success(shared_door: Door) -> None:  # noqa: F811
    made = dataset()

    statuses_seen = [send(shared_door.port, made) for _ in range(3)]

    assert statuses_seen == [0, 0, 0]
    assert len(_instances(shared_door, made.SOPInstanceUID)) == 1


def test_the_announced_instance_must_be_inside(port: int) -> None:
    made = dataset()
    association = associate(port)

    status = c_store(association, encode(made), sop_class=CT, sop_instance=generate_uid())
    association.release()

    assert status == statuses.DATA_SET_DOES_NOT_MATCH


def test_another_class_than_negotiated_is_refused(port: int) -> None:
    made = dataset()
    association = associate(port)

    status = c_store(association, encode(made), sop_class=PRIVATE_CLASS, sop_instance=made.SOPInstanceUID)
    association.release()

    assert status == statuses.SOP_CLASS_NOT_SUPPORTED


def test_a_missing_study_uid_is_refused(shared_door: Door) -> None:  # noqa: F811
    made = dataset(StudyInstanceUID=None)

    status = send(shared_door.port, made)

    assert status == statuses.CANNOT_UNDERSTAND
    assert ("StudyInstanceUID is missing",) in shared_door.rows("SELECT reason FROM archive_quarantined")


def test_an_association_goes_on_after_a_refusal(port: int) -> None:
    bad, good = dataset(StudyInstanceUID=None), dataset()
    association = associate(port)

    seen = [
        c_store(association, encode(made), sop_class=CT, sop_instance=made.SOPInstanceUID)
        for made in (bad, good)
    ]
    association.release()

    assert seen == [statuses.CANNOT_UNDERSTAND, statuses.SUCCESS]


def test_objects_that_are_too_large_get_a_status(folder: Path) -> None:  # noqa: F811
    small = Door(folder, MAX_INSTANCE_MB="1").start()
    try:
        seen = [send(small.port, dataset(PixelData=bytes(size))) for size in (2_000_000, 500_000)]
    finally:
        small.stop()

    assert seen == [statuses.CANNOT_UNDERSTAND, statuses.SUCCESS]


def test_a_large_object_spills_to_disk(shared_door: Door) -> None:  # noqa: F811
    """40 MB: beyond what is held in memory, so it travels by way of a file."""
    made = dataset(PixelData=b"\x01\x02" * 20_000_000)

    status = send(shared_door.port, made)

    assert status == statuses.SUCCESS
    assert shared_door.stored(made.SOPInstanceUID) == encode(made)


def test_dcmsend_finds_every_context(shared_door: Door, tmp_path: Path) -> None:  # noqa: F811
    for number in range(5):
        (tmp_path / f"{number}.dcm").write_bytes(part10(dataset(InstanceNumber=number)))

    done = subprocess.run(
        ["dcmsend", "-v", "+sd", "-aec", "KLISZA", HOST, str(shared_door.port), str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "with status SUCCESS  : 5" in done.stdout + done.stderr


def test_sigterm_rejects_newcomers_politely(folder: Path) -> None:  # noqa: F811
    running = Door(folder).start()
    open_one = associate(running.port)
    made = dataset()
    assert running.process is not None
    running.process.terminate()
    newcomer = _wait_until_closing(running)
    status = c_store(open_one, encode(made), sop_class=CT, sop_instance=made.SOPInstanceUID)
    open_one.release()

    assert newcomer.is_rejected
    assert newcomer.acceptor.primitive.result == 2  # transient
    assert status == statuses.SUCCESS
    assert running.stop() == 0


@needs_samples
def test_every_sample_gets_its_status(shared_door: Door) -> None:  # noqa: F811
    """Raw bytes in the file's own syntax; what is stored comes back byte-identical."""
    with EXPECTED.open(newline="") as table:
        expected = {row["file"]: row["status"] for row in csv.DictReader(table)}
    seen: dict[str, str] = {}
    for name in expected:
        data = (SAMPLES / "dicom" / name).read_bytes()
        seen[name] = _send_file(shared_door, data)

    assert seen == expected


def _send_file(running: Door, data: bytes) -> str:
    """Announced as its meta group says, or as the data set does when there is none."""
    try:
        found = split(data)
    except Unreadable:
        return "not a DICOM file"
    body, class_uid, instance_uid = data[found.offset :], found.sop_class_uid, found.sop_instance_uid
    if found.transfer_syntax_uid != EXPLICIT_BE and not (class_uid and instance_uid):
        header = read_header(body, found.transfer_syntax_uid)
        class_uid, instance_uid = header.sop_class_uid, header.sop_instance_uid
    if not class_uid or not instance_uid:
        return "cannot be announced"
    association = associate(running.port, class_uid, [found.transfer_syntax_uid])
    if not association.accepted_contexts:
        return "no context"
    status = c_store(association, body, sop_class=class_uid, sop_instance=instance_uid)
    association.release()
    if status != statuses.SUCCESS:
        return f"{status:04X}"
    if running.stored(instance_uid) == body:
        return "0000"
    return "0000 kept aside" if running.kept_aside(body) else "0000 lost"


def _instances(running: Door, uid: str) -> list[Any]:
    return running.rows(f"SELECT id FROM archive_instance WHERE sop_instance_uid = '{uid}'")


def _wait_until_closing(running: Door) -> Any:
    """The first newcomer that is not let in: the signal is handled between two bytecodes."""
    for _ in range(100):
        association = associate(running.port)
        if not association.is_established:
            break
        association.release()
    return association


def test_the_preamble_is_ours(shared_door: Door) -> None:  # noqa: F811
    """R29: what lies in the archive begins with zeros, whatever was sent."""
    made = dataset()
    send(shared_door.port, made)
    ((key,),) = shared_door.rows(
        f"SELECT blob_id FROM archive_instance WHERE sop_instance_uid='{made.SOPInstanceUID}'"
    )

    head = (shared_door.folder / "blobs" / key[:2] / key[2] / key).read_bytes()[: PREAMBLE + 4]

    assert head == bytes(PREAMBLE) + b"DICM"


def test_the_order_of_syntaxes_ends_uncompressed() -> None:
    assert ACCEPTED_TRANSFER_SYNTAXES[-3:] == (EXPLICIT, DEFLATED, IMPLICIT)


def ended(door: Door, title: str) -> tuple[Any, ...]:
    """The one row of this caller; it is written after the peer has its answer."""
    query = (
        "SELECT echoes, stored, kept_aside, refused, outcome, peer_name FROM archive_association "
        f"WHERE calling_ae_title = '{title}'"
    )
    deadline = time.monotonic() + 10
    while not (rows := door.rows(query)) and time.monotonic() < deadline:
        time.sleep(0.05)
    (row,) = rows
    return row


class TestRecord:
    """What the integration engineer reads: one row for each association, with its outcome."""

    def test_a_release_with_what_it_brought(self, shared_door: Door) -> None:  # noqa: F811
        made, other = dataset(), dataset()
        association = associate(shared_door.port, title="RELEASES")
        for one, data in ((made, encode(made)), (made, encode(made)), (other, encode(other)[:100])):
            c_store(association, data, sop_class=one.SOPClassUID, sop_instance=one.SOPInstanceUID)
        association.release()
        assert ended(shared_door, "RELEASES") == (0, 2, 0, 1, "released", "AE RELEASES")

    def test_an_echo(self, shared_door: Door) -> None:  # noqa: F811
        assert echo(shared_door.port, calling="ECHOES")
        assert ended(shared_door, "ECHOES")[:5] == (1, 0, 0, 0, "released")

    def test_one_that_broke_off(self, shared_door: Door) -> None:  # noqa: F811
        associate(shared_door.port, title="ABORTS").abort()
        assert ended(shared_door, "ABORTS")[4] == "aborted"

    def test_images_know_their_sender(self, shared_door: Door) -> None:  # noqa: F811
        """The rule which PDF objects are reports goes by it."""
        made = dataset()
        send(shared_door.port, made)
        query = f"SELECT source FROM archive_instance WHERE sop_instance_uid = '{made.SOPInstanceUID}'"
        assert shared_door.rows(query) == [("AE SENDER",)]
