"""L11, R57: kill -9 of the server and of the sender in the middle of it; every byte arrives, few of them twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.portal import Portal, running
from tests.stories.visitor import Visitor, read_account_mail
from tests.uploads.given import dicom_file
from tests.uploads.portal import PIECE, Sender, begin, close, contents_of, sums_at_the_server, sums_of

EMAIL, MOBILE = "upload@poczta.example", "+48600100999"
LARGE, SMALL = 3 * PIECE + 12_345, 40


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Of its own: it is killed."""
    with running(tmp_path_factory.mktemp("upload"), KLISZA_WEB_PROCESSES="1") as started:
        started.klisza(
            "patient", "upsert", "--id", "UP1", "--family", "Nowak", "--given", "Ewa", "--birth-date", "1960-02-29",
            "--sex", "F", "--email", EMAIL, "--mobile", MOBILE,
        )  # fmt: skip
        yield started


@pytest.fixture(scope="module")
def cookies(portal: Portal) -> list[dict[str, object]]:
    person = read_account_mail(portal, EMAIL, MOBILE, "UP1")
    with contextlib.closing(Visitor(portal)) as visitor:
        visitor.sign_in(person)
        return visitor.cookies()


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    folder = tmp_path / "CD"
    folder.mkdir()
    (folder / "large").write_bytes(os.urandom(LARGE))
    for number in range(SMALL):
        (folder / f"IM{number}").write_bytes(os.urandom(random.Random(number).randrange(1, 200_000)))
    return folder


def _keep_sending(portal: Portal, cookies: list, delivery: str, folder: Path) -> None:
    """In a process of its own, to be killed."""
    with Sender(portal, cookies, delivery) as sender:
        sender.send(contents_of(folder))


def _keep_sending_until_it_breaks(
    portal: Portal, cookies: list, delivery: str, contents: dict[str, bytes]
) -> None:
    with contextlib.suppress(httpx.HTTPError), Sender(portal, cookies, delivery) as sender:
        sender.send(contents)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.long)])
def test_l11_killed_servers_and_senders(
    portal: Portal, cookies: list[dict[str, object]], disc: Path, rounds: int
) -> None:
    """The set of sums is equal, and each cut costs one piece at most."""
    delivery = begin(portal, EMAIL)
    contents = contents_of(disc)
    with Sender(portal, cookies, delivery) as sender:
        sender.announce(contents)
    close(portal, delivery)
    dice = random.Random(11)
    for _ in range(rounds):
        _kill_the_sender(portal, cookies, delivery, disc, dice)
        _kill_the_server(portal, cookies, delivery, contents, dice)

    with Sender(portal, cookies, delivery) as sender:
        sender.send(contents)

    assert sums_at_the_server(portal, delivery) == sums_of(disc)
    assert portal.rows("SELECT state FROM uploads_delivery WHERE state = 'complete'") == [("complete",)]
    assert portal.rows("SELECT count(*) FROM uploads_handedfile") == [(SMALL + 1,)]


def _kill_the_sender(portal: Portal, cookies: list, delivery: str, disc: Path, dice: random.Random) -> None:
    process = multiprocessing.get_context("fork").Process(
        target=_keep_sending, args=(portal, cookies, delivery, disc)
    )
    process.start()
    time.sleep(dice.uniform(0.1, 0.5))
    process.kill()
    process.join()


def _kill_the_server(
    portal: Portal, cookies: list, delivery: str, contents: dict[str, bytes], dice: random.Random
) -> None:
    """At whatever moment; what the server has told before never becomes less: one piece at most goes twice."""
    with Sender(portal, cookies, delivery) as sender:
        before = sum(file["offset"] for file in sender.standing().values())
    process = multiprocessing.get_context("fork").Process(
        target=_keep_sending_until_it_breaks, args=(portal, cookies, delivery, contents)
    )
    process.start()
    time.sleep(dice.uniform(0.05, 0.4))
    portal.kill()
    process.join()
    portal.start()
    with Sender(portal, cookies, delivery) as sender:
        after = sender.standing()
    assert sum(file["offset"] for file in after.values() if file["state"] == "waiting") >= (
        before if after["large"]["state"] == "waiting" else 0
    )


def test_a_cut_line_keeps_what_is_durable(
    portal: Portal, cookies: list[dict[str, object]], disc: Path
) -> None:
    """The sender hangs up in the middle of a piece: at most that piece goes twice."""
    delivery = begin(portal, EMAIL)
    contents = {f"{disc.name}/large": (disc / "large").read_bytes()}

    def half() -> Iterator[bytes]:
        yield contents[f"{disc.name}/large"][: PIECE // 2]
        raise httpx.WriteError("hung up")

    with Sender(portal, cookies, delivery) as sender:
        sender.announce(contents)
        made = sender.http.post("/uploads/", headers=_creating(sender, LARGE))
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Length": str(PIECE),
            "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
        with pytest.raises(httpx.HTTPError):
            sender.http.patch(made.headers["Location"], content=half(), headers=headers)
    with Sender(portal, cookies, delivery) as again:
        again.send(contents)

    assert again.sent <= LARGE
    assert sums_at_the_server(portal, delivery)[f"{disc.name}/large"] == sums_of(disc)[f"{disc.name}/large"]


def _creating(sender: Sender, length: int) -> dict[str, str]:
    import base64

    word = base64.b64encode(sender.standing()["large"]["id"].encode()).decode()
    return {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": f"file {word}"}


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_gigabytes_pass_through_a_small_memory(portal: Portal, cookies: list[dict[str, object]]) -> None:
    """One image of 2 GiB, in one request without end: to the disk piece by piece, and sorted from there."""
    head = dicom_file(PixelData=bytes(2))
    pixels = 2 * 1024**3
    head = head[:-6] + pixels.to_bytes(4, "little")  # its last element is the pixel data: OW, length, value
    size, piece = len(head) + pixels, bytes(1024 * 1024)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(pixels // len(piece)):
            yield piece

    delivery = begin(portal, EMAIL)
    with Sender(portal, cookies, delivery) as sender:
        sender.http.timeout = httpx.Timeout(900)
        sender.http.post(
            sender.base, json={"anew": True, "files": [{"path": "CD/IM1", "size": size}]},
            headers={"X-CSRFToken": _token(sender)},
        ).raise_for_status()  # fmt: skip
        address, _ = sender.open(sender.standing()["IM1"], size)
        close(portal, delivery)
        before, begun = memory_of(portal), time.monotonic()
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Length": str(size),
                   "Content-Type": "application/offset+octet-stream"}  # fmt: skip
        answer = sender.http.patch(address, content=body(), headers=headers)
        sent = time.monotonic() - begun
        assert (answer.status_code, int(answer.headers["Upload-Offset"])) == (204, size)

    def settled() -> list[tuple[str, str]]:
        rows = portal.rows("SELECT state, kind FROM uploads_handedfile WHERE size = ?", size)
        return [] if rows[0][0] in ("waiting", "arrived") else rows

    assert portal.wait_for(settled, seconds=600, what="the file to be sorted") == [("sorted", "dicom")]
    grown = {name: memory_of(portal)[name] - mib for name, mib in before.items()}
    print(
        f"sent {sent:.0f} s, sorted after {time.monotonic() - begun:.0f} s, memory MiB {before}, grown {grown}"
    )
    assert max(grown.values()) < 200


def _token(sender: Sender) -> str:
    sender.standing()
    return str(sender.http.headers["X-CSRFToken"])


def memory_of(portal: Portal) -> dict[str, int]:
    """MiB at their highest, of each process of the portal: pid -> peak of its resident memory."""
    assert portal.process
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == portal.process.pid:
                status = (folder / "status").read_text()
                found[folder.name] = int(status.split("VmHWM:")[1].split()[0]) // 1024
    return found
