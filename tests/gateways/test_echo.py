from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from klisza.archive.models import Peer
from klisza.gateways.dicom.echo import echo
from tests.gateways.door import HOST, Door, folder, prepared  # noqa: F401 - fixtures


def _peer(port: int | None, *, title: str = "THEIRS", address: str = HOST) -> Peer:
    return Peer(name="pacs", ae_title=title, address=address, port=port, created_at=timezone.now())


@pytest.fixture(scope="module")
def storescp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """dcmtk's, as a modality's or an archive's door."""
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    command = ["storescp", "-aet", "THEIRS", "-od", str(tmp_path_factory.mktemp("storescp")), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                break
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(timeout=10)


def test_a_peer_that_answers_is_ok(storescp: int) -> None:
    answer = echo(_peer(storescp))

    assert (answer.ok, answer.reason) == (True, "")
    assert 0 <= answer.milliseconds < 5000


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server((HOST, 0)) as gone:
        port = int(gone.getsockname()[1])

    assert echo(_peer(port), timeout=1).reason == "unreachable"


def test_a_silent_peer_costs_the_timeout_only() -> None:
    began = time.monotonic()
    with socket.create_server((HOST, 0)) as silent:
        answer = echo(_peer(int(silent.getsockname()[1])), timeout=0.5)

    assert not answer.ok
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("port", "address", "reason"), [(None, HOST, "no_port"), (104, "10.0.0.0/24", "no_address")]
)
def test_an_incomplete_entry_is_not_called(port: int | None, address: str, reason: str) -> None:
    assert echo(_peer(port, address=address)).reason == reason


def test_a_door_with_a_list_rejects_us(folder: Path) -> None:  # noqa: F811
    strict = Door(folder, DICOM_OPEN="0").start()
    try:
        assert echo(_peer(strict.port, title="KLISZA")).reason == "rejected"
    finally:
        strict.stop()
