"""Forwarding to real peers: dcmtk's storescp, which takes nothing compressed, and a whole Orthanc (B18)."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pynetdicom import AE, build_role

from klisza.archive import queries, services
from klisza.archive.models import Forward, Peer
from klisza.archive.services import Source
from klisza.audit.actor import SYSTEM
from klisza.gateways import jobs, stow
from klisza.standards.dicom.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from tests.archive.arriving import study_of

from .door import Door, prepared, shared_door  # noqa: F401 - fixtures
from .objects import EXPLICIT, IMPLICIT, encode, part10

HOST = "127.0.0.1"
J2K = "1.2.840.10008.1.2.4.90"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def j2k(made: Dataset) -> Dataset:
    """The same, as JPEG 2000."""
    import imagecodecs
    import numpy as np

    rows = np.frombuffer(made.PixelData, "<u2").reshape(made.Rows, made.Columns)
    made.PixelData = encapsulate([imagecodecs.jpeg2k_encode(rows, level=0, codecformat="j2k")])
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    return made


def kept(*made: Dataset, syntax: str = EXPLICIT) -> list[Any]:
    outcomes = [
        services.store_instance(dataset=encode(one, syntax), transfer_syntax_uid=syntax, source=Source("x"))
        for one in made
    ]
    assert {one.status for one in outcomes} == {"stored"}
    return [one.instance_id for one in outcomes]


def forwarded(peer: Peer, ids: list[Any]) -> Forward:
    forward = services.ask_forward(instance_ids=ids, peer=peer, by=SYSTEM)
    assert jobs.run_forward() == 1
    forward.refresh_from_db()
    return forward


def a_peer(port: int | None, title: str = "THEIRS", **fields: Any) -> Peer:
    return Peer.objects.create(
        name="pacs", ae_title=title, address=HOST, port=port, created_at=timezone.now(), **fields
    )


class Storescp:
    def __init__(self, place: Path, *options: str) -> None:
        self.place, self.port = place, free_port()
        command = ["storescp", *options, "-aet", "THEIRS", "-od", str(place), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("storescp does not start")

    def files(self) -> list[Dataset]:
        return [dcmread(path) for path in sorted(self.place.iterdir())]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[Storescp]:
    (tmp_path / "theirs").mkdir()
    running = Storescp(tmp_path / "theirs")
    yield running
    running.stop()


@pytest.mark.django_db
class TestStorescp:
    def test_images_arrive_as_they_are(self, storescp: Storescp) -> None:
        made = study_of(3)
        forward = forwarded(a_peer(storescp.port), kept(*made))

        assert (forward.state, queries.forwarded(forward)) == ("sent", {"stored": 3})
        there = {one.SOPInstanceUID: one.PixelData for one in storescp.files()}
        assert there == {one.SOPInstanceUID: one.PixelData for one in made}

    def test_jpeg_2000_is_decoded_for_whom_it_is_too_new(self, storescp: Storescp) -> None:
        plain = study_of(2)
        pixels = {one.SOPInstanceUID: one.PixelData for one in plain}
        forward = forwarded(a_peer(storescp.port), kept(*map(j2k, plain), syntax=J2K))

        assert queries.forwarded(forward) == {"stored": 2}
        assert set(forward.instances.values_list("syntax_uid", flat=True)) == {EXPLICIT}
        there = storescp.files()
        assert {one.file_meta.TransferSyntaxUID for one in there} <= {EXPLICIT, IMPLICIT}
        assert {one.SOPInstanceUID: one.PixelData for one in there} == pixels

    def test_a_peer_of_the_oldest_kind_gets_implicit(self, tmp_path: Path) -> None:
        (tmp_path / "old").mkdir()
        old = Storescp(tmp_path / "old", "+xi")
        try:
            forward = forwarded(a_peer(old.port), kept(*map(j2k, study_of(1)), syntax=J2K))
            assert set(forward.instances.values_list("syntax_uid", flat=True)) == {IMPLICIT}
            assert old.files()[0].file_meta.TransferSyntaxUID == IMPLICIT
        finally:
            old.stop()

    def test_nobody_there_is_tried_again_later(self) -> None:
        forward = forwarded(a_peer(free_port()), kept(*study_of(1)))

        assert (forward.state, forward.attempts) == ("waiting", 1)
        assert forward.next_at > timezone.now()
        assert forward.reason

    def test_a_peer_that_goes_away_gets_the_rest_later(self, storescp: Storescp) -> None:
        """What it has acknowledged is not sent twice."""
        peer, ids = a_peer(storescp.port), kept(*study_of(2))
        forward = services.ask_forward(instance_ids=ids, peer=peer, by=SYSTEM)
        services.note_instance(row=queries.to_send(forward)[0], state="stored", status=0)
        jobs.run_forward()

        assert len(storescp.files()) == 1
        assert queries.forwarded(forward) == {"stored": 2}

    def test_a_removed_peer_gets_nothing(self) -> None:
        peer, ids = a_peer(free_port()), kept(*study_of(1))
        forward = services.ask_forward(instance_ids=ids, peer=peer, by=SYSTEM)
        services.remove_peer(name=peer.name, by=SYSTEM)
        jobs.run_forward()
        forward.refresh_from_db()

        assert "not on the list" in forward.reason


class Orthanc:
    def __init__(self, place: Path, portal: int) -> None:
        self.http, self.dicom = free_port(), free_port()
        place.mkdir()
        plugins = [path for path in ("/usr/share/orthanc/plugins",) if Path(path).is_dir()]
        (place / "orthanc.json").write_text(json.dumps({
            "Name": "PACS", "StorageDirectory": str(place), "IndexDirectory": str(place), "Plugins": plugins,
            "HttpPort": self.http, "DicomPort": self.dicom, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
            "DicomModalities": {"portal": ["KLISZA", HOST, portal]}, "DicomWeb": {"Enable": True},
            "DicomModalitiesInDatabase": False, "AuthenticationEnabled": True, "RegisteredUsers": {"portal": "s3cret:ż"},
        }))  # fmt: skip
        self.process = subprocess.Popen(
            ["Orthanc", str(place / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.ask("/system")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("Orthanc does not start")

    def ask(self, path: str, **options: Any) -> Any:
        request = urllib.request.Request(f"http://{HOST}:{self.http}{path}", **options)
        name = b64encode("portal:s3cret:ż".encode()).decode()
        request.add_header("Authorization", f"Basic {name}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def reports_to(self, port: int) -> None:
        """Where it believes the portal to be."""
        where = json.dumps({"AET": "KLISZA", "Host": HOST, "Port": port}).encode()
        self.ask("/modalities/portal", data=where, method="PUT")

    def uids(self) -> set[str]:
        found = self.ask("/instances?expand")
        return {one["MainDicomTags"]["SOPInstanceUID"] for one in found}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def orthanc(shared_door: Door, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:  # noqa: F811
    if shutil.which("Orthanc") is None:
        pytest.skip("Orthanc is not installed")
    running = Orthanc(tmp_path_factory.mktemp("pacs") / "orthanc", shared_door.port)
    yield running
    running.stop()


SEND = """
from pathlib import Path
from klisza.archive import queries, services
from klisza.archive.services import Source
from klisza.audit.actor import SYSTEM
from klisza.gateways import jobs
peer = queries.peer_named("pacs")
peer = peer or services.add_peer(name="pacs", ae_title="ORTHANC", address="127.0.0.1", port={port}, by=SYSTEM)
made = [services.store_instance(part10=path, source=Source("x")) for path in sorted(Path({place!r}).iterdir())]
services.ask_forward(instance_ids=[one.instance_id for one in made], peer=peer, by=SYSTEM)
jobs.run_forward()
"""


def test_orthanc_takes_them_and_commits(
    orthanc: Orthanc,
    shared_door: Door,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Its report comes on an association of its own, to our door."""
    made = [*study_of(2), j2k(study_of(1)[0])]
    for number, one in enumerate(made):
        (tmp_path / f"{number}.dcm").write_bytes(part10(one, J2K if number == 2 else EXPLICIT))
    shared_door.run("shell", "--no-imports", "-c", SEND.format(port=orthanc.dicom, place=str(tmp_path)))

    assert {str(one.SOPInstanceUID) for one in made} <= orthanc.uids()
    deadline = time.monotonic() + 20
    states: list[Any] = []
    while time.monotonic() < deadline and states != [("committed",)]:
        states = shared_door.rows("SELECT DISTINCT state FROM archive_forwardedinstance")
        time.sleep(0.2)
    assert states == [("committed",)]
    assert shared_door.rows("SELECT state FROM archive_forward") == [("committed",)]
    syntaxes = shared_door.rows("SELECT DISTINCT syntax_uid FROM archive_forwardedinstance ORDER BY 1")
    assert syntaxes == [(EXPLICIT,), (J2K,)]


AGAIN = """
from django.utils import timezone
from klisza.archive.models import Forward
from klisza.gateways import jobs
Forward.objects.filter(state="sent").update(commit_at=timezone.now())
jobs.run_commitment()
"""


def test_an_answer_that_got_lost_is_asked_for_again(
    orthanc: Orthanc,
    shared_door: Door,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Orthanc reports to where nobody listens; put right, it is asked once more and its answer counts."""
    [made] = study_of(1)
    (tmp_path / "1.dcm").write_bytes(part10(made, EXPLICIT))
    orthanc.reports_to(free_port())
    shared_door.run("shell", "--no-imports", "-c", SEND.format(port=orthanc.dicom, place=str(tmp_path)))
    sent = "SELECT f.state, i.state FROM archive_forward f JOIN archive_forwardedinstance i ON i.forward_id = f.id"
    sent += " ORDER BY f.asked_at DESC LIMIT 1"
    assert shared_door.rows(sent) == [("sent", "stored")]
    orthanc.reports_to(shared_door.port)
    shared_door.run("shell", "--no-imports", "-c", AGAIN)

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and shared_door.rows(sent) != [("committed", "committed")]:
        time.sleep(0.2)
    assert shared_door.rows(sent) == [("committed", "committed")]


def dicomweb(orthanc: Orthanc, secret: str) -> Peer:
    return services.add_peer(
        name="pacs", ae_title="ORTHANC", address=HOST, stow_url=f"http://{HOST}:{orthanc.http}/dicom-web/studies",
        stow_user="portal", stow_secret=secret, by=SYSTEM,
    )  # fmt: skip


@pytest.mark.django_db
class TestStow:
    def test_orthanc_takes_them_by_dicomweb(self, orthanc: Orthanc, caplog: pytest.LogCaptureFixture) -> None:
        made = study_of(3)
        with caplog.at_level(logging.DEBUG):
            forward = forwarded(dicomweb(orthanc, "s3cret:ż"), kept(*made))

        assert (forward.state, queries.forwarded(forward)) == ("sent", {"stored": 3})
        assert {str(one.SOPInstanceUID) for one in made} <= orthanc.uids()
        assert "s3cret" not in caplog.text
        assert "Basic" not in caplog.text

    def test_a_wrong_password_is_tried_again_later(self, orthanc: Orthanc) -> None:
        forward = forwarded(dicomweb(orthanc, "another"), kept(*study_of(1)))

        assert (forward.state, forward.reason) == ("waiting", "HTTP 401")
        assert queries.forwarded(forward) == {"waiting": 1}

    def test_credentials_sealed_by_another_key_are_not_sent(self, orthanc: Orthanc) -> None:
        peer = dicomweb(orthanc, "s3cret:ż")
        Peer.objects.update(stow_sealed=b"x" * 40)
        forward = forwarded(peer, kept(*study_of(1)))

        assert forward.state == "waiting"
        assert "credentials" in forward.reason

    def test_nobody_there_is_tried_again_later(self) -> None:
        forward = forwarded(a_peer(None, stow_url=f"http://{HOST}:{free_port()}/web"), kept(*study_of(1)))

        assert (forward.state, forward.attempts) == ("waiting", 1)
        assert "cannot be reached" in forward.reason


class TestAnswersOfStow:
    def answer(self, status: int, body: bytes) -> httpx.Response:
        return httpx.Response(status, content=body)

    def test_each_instance_is_answered_by_itself(self) -> None:
        said = {
            "00081199": {"Value": [{"00081155": {"Value": ["1.2"]}}]},
            "00081198": {"Value": [{"00081155": {"Value": ["1.3"]}, "00081197": {"Value": [0xC000]}}]},
        }
        assert stow._read(self.answer(202, json.dumps(said).encode())) == ({"1.2"}, {"1.3": 0xC000})

    @pytest.mark.parametrize("body", [b"<html>", b"[]", b"7"])
    def test_an_answer_that_says_nothing_is_no_success(self, body: bytes) -> None:
        with pytest.raises(stow.Ended):
            stow._read(self.answer(200, body))


def test_only_reports_of_a_commitment_come_in(shared_door: Door) -> None:  # noqa: F811
    """Whoever has asked nobody learns that; nothing is promised to anybody."""
    ae = AE("ORTHANC")
    ae.add_requested_context(STORAGE_COMMITMENT)
    role = build_role(STORAGE_COMMITMENT, scp_role=True)
    association = ae.associate(HOST, shared_door.port, ae_title="KLISZA", ext_neg=[role])
    assert association.is_established
    report = Dataset()
    report.TransactionUID = "2.25.99"
    status, _ = association.send_n_event_report(report, 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
    association.release()

    assert status.Status == 0x0112
