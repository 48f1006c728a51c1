"""What was acknowledged survives: kill -9, a full disk, and (by the order of syncs) a power cut: L1-L4."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.gateways.door import Door, associate, c_store, folder, prepared, send  # noqa: F401 - fixtures
from tests.gateways.objects import CT, dataset, encode

SENDERS = 3


class Sender(threading.Thread):
    """Sends fresh instances until the association breaks; remembers what was acknowledged."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.acknowledged: dict[str, bytes] = {}

    def run(self) -> None:
        association = associate(self.port)
        connection = association.dul.socket and association.dul.socket.socket
        study = dataset()
        while association.is_established:
            made = dataset(StudyInstanceUID=study.StudyInstanceUID, PixelData=os.urandom(20_000))
            data = encode(made)
            status = c_store(association, data, sop_class=CT, sop_instance=made.SOPInstanceUID)
            if status != 0:
                break
            self.acknowledged[str(made.SOPInstanceUID)] = data
        association.abort()
        if connection:
            connection.close()  # the library leaves it to the garbage collector when the peer vanishes


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.long)])
def test_no_acknowledged_instance_is_lost(folder: Path, rounds: int) -> None:  # noqa: F811
    """L1: SIGKILL at a random moment while three senders run; afterwards every acknowledged byte is there."""
    dice, acknowledged = random.Random(1), dict[str, bytes]()
    for _ in range(rounds):
        door = Door(folder).start()
        senders = [Sender(door.port) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(dice.uniform(0.1, 2))
        door.kill()
        for sender in senders:
            sender.join(timeout=60)
            acknowledged |= sender.acknowledged

    assert len(acknowledged) > rounds
    assert [uid for uid, data in acknowledged.items() if door.stored(uid) != data] == []
    _no_orphans_after_the_sweep(door)


def _no_orphans_after_the_sweep(door: Door) -> None:
    """L3: files without a row, rows without a file, temporary files: none."""
    door.sweep()

    assert door.files() == {key for (key,) in door.rows("SELECT key FROM blobs_blob")}


def test_parallel_duplicates_are_one_instance(folder: Path) -> None:  # noqa: F811
    """L6: the same instance three times at once, ten times over."""
    door = Door(folder).start()
    try:
        for _ in range(10):
            made = dataset()
            with ThreadPoolExecutor(3) as senders:
                answers = list(senders.map(send, [door.port] * 3, [made] * 3))
            assert answers == [0, 0, 0]
    finally:
        door.stop()

    assert door.rows("SELECT count(*), count(DISTINCT sop_instance_uid) FROM archive_instance") == [(10, 10)]
    assert len(door.files()) == 10


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_answers_try_again(folder: Path) -> None:  # noqa: F811
    """L4, P4: 0xA700, what was acknowledged stays readable, nothing half-written; goes on with room."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        shutil.move(folder / "klisza.sqlite3", disk)
        door = Door(disk).start()
        stored, full = _fill(door)
        before = door.files()
        assert send(door.port, full) == 0xA700
        assert door.files() == before
        _remove_one(door)
        assert send(door.port, dataset(PixelData=os.urandom(100_000))) == 0
        assert [uid for uid, data in stored.items() if door.stored(uid) != data] == []
        assert door.stop() == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(door: Door) -> tuple[dict[str, bytes], Dataset]:
    """Until the first 0xA700; returns what was acknowledged and the object that found no room."""
    stored: dict[str, bytes] = {}
    (door.folder / "ballast").write_bytes(bytes(2_000_000))
    for _ in range(200):
        made = dataset(PixelData=os.urandom(500_000))
        status = send(door.port, made)
        if status == 0xA700:
            return stored, made
        assert status == 0
        stored[str(made.SOPInstanceUID)] = encode(made)
    raise AssertionError("24 MB took 100 MB")


def _remove_one(door: Door) -> None:
    (door.folder / "ballast").unlink()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")
def test_everything_is_synced_before_the_answer(folder: Path) -> None:  # noqa: F811
    """L2: bytes, the directory of their name and the write-ahead log, in this order, then the response."""
    trace = folder / "trace"
    calls = "trace=fdatasync,fsync,rename,renameat,renameat2,sendto"
    door = Door(folder).start("strace", "-f", "-y", "-qq", "-e", calls, "-o", str(trace))
    try:
        send(door.port, dataset())  # makes the directories
        trace.write_text("")
        assert send(door.port, dataset()) == 0
    finally:
        assert door.process is not None
        _end_tracee(door)
    steps = _steps(trace.read_text())

    stored = steps.index("rename")
    assert steps[stored - 1 - steps[:stored][::-1].index("sync bytes")] == "sync bytes"
    before_answer = steps[stored : stored + steps[stored:].index("answer")]
    assert "sync directory" in before_answer
    assert "sync log" in before_answer[before_answer.index("sync directory") :]


def _end_tracee(door: Door) -> None:
    """strace passes on no SIGTERM: end the program it runs, and it ends too."""
    assert door.process is not None
    children = Path(f"/proc/{door.process.pid}/task/{door.process.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), 15)
    door.process.wait(timeout=30)


def _steps(trace: str) -> list[str]:
    names = {
        r"fdatasync\(\d+<[^>]*/blobs/tmp/": "sync bytes",
        r"rename\w*\(.*blobs/tmp/": "rename",
        r"fsync\(\d+<[^>]*/blobs/[0-9a-f]{2}/[0-9a-f]>": "sync directory",
        r"f(data)?sync\(\d+<[^>]*sqlite3-wal>": "sync log",
        r"sendto\(\d+<(TCP|socket)": "answer",
    }
    steps = []
    for line in trace.splitlines():
        steps += [name for pattern, name in names.items() if re.search(pattern, line)]
    return steps
