"""Bad and large inputs at their real size; what they do in small stands in test_sorting.py and test_receiving.py."""

from __future__ import annotations

import hashlib
import io
import resource
import struct
import time
import zipfile
from pathlib import Path

import pytest

from klisza.uploads.models import HandedFile
from tests.examinations.given import pdf

from .given import (
    a_browser,
    a_delivery,
    batch_of,
    dicom_file,
    handed_in,
    listed,
    opened,
    patch,
    send_batch,
    sort_all,
    zip_of,
)

pytestmark = [pytest.mark.long, pytest.mark.django_db, pytest.mark.timeout(1800)]
State = HandedFile.State
MIB = 1024 * 1024


def child_mib() -> int:
    """The largest child so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def test_a_zip_with_a_hundred_thousand_entries() -> None:
    """R27, at the default quota: named, with its reason, before anything is inflated; the rest goes on."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(100_000):
            archive.writestr(f"IM{number:06}", b"x")
    data = out.getvalue()
    delivery = a_delivery()
    archive_file, letter = listed(delivery, ("dużo.zip", len(data)), ("opis.pdf", len(pdf("x"))))
    client = a_browser(delivery)
    address = opened(client, archive_file)["Location"]
    assert patch(client, address, 0, data).status_code == 204
    send_batch(client, delivery, batch_of((letter, pdf("x"))))
    begun = time.monotonic()
    sort_all()
    print(f"{len(data) / MIB:.0f} MiB, {time.monotonic() - begun:.1f} s, child {child_mib()} MiB")

    archive_file.refresh_from_db()
    letter.refresh_from_db()
    assert (archive_file.state, archive_file.reason) == (State.REFUSED, "too_many_entries")
    assert letter.state == State.SORTED
    assert HandedFile.objects.count() == 2
    assert time.monotonic() - begun < 60


def test_endless_names_within_a_zip() -> None:
    """As long as the format allows (64 KiB), in bytes that are no text, and ten thousand folders deep."""
    long = "Ł" * 32_000 + ".dcm"
    deep = "a/" * 10_000 + "b.pdf"
    archive = handed_in(
        a_delivery(),
        ("płyta.zip", zip_of((long, dicom_file()), (deep, pdf("x")), ("\u202egpj.\x01exe", b"MZ"))),
    )[0]

    image, letter, program = archive.members.order_by("position")
    assert [one.state for one in (archive, image, letter, program)] == [
        "sorted",
        "sorted",
        "sorted",
        "skipped",
    ]
    assert max(len(one.path) for one in (image, letter, program)) <= 500
    assert max(len(one.name) for one in (image, letter, program)) <= 255
    assert program.name.strip() == "gpj. exe"


def test_three_thousand_small_files() -> None:
    """By the batches of the browser: none is lost, each has its sum."""
    delivery = a_delivery()
    first = dicom_file()
    contents = [(f"CD/IM{number:04}", first[:-2] + struct.pack("<H", number)) for number in range(3000)]
    begun = time.monotonic()
    files = [
        file
        for start in range(0, 3000, 1000)
        for file in listed(delivery, *((path, len(data)) for path, data in contents[start : start + 1000]))
    ]
    said = time.monotonic()
    client = a_browser(delivery)
    for start in range(0, 3000, 250):
        pairs = [(file, contents[start + n][1]) for n, file in enumerate(files[start : start + 250])]
        assert send_batch(client, delivery, batch_of(*pairs)).status_code == 200
    here = time.monotonic()
    sort_all()
    print(f"listed {said - begun:.1f} s, sent {here - said:.1f} s, sorted {time.monotonic() - here:.1f} s")

    sums = dict(HandedFile.objects.values_list("path", "sha256"))
    assert sums == {path: hashlib.sha256(data).hexdigest() for path, data in contents}
    assert here - said < 60


def test_a_zip_of_large_images_is_not_read_into_memory(tmp_path: Path) -> None:
    """Four images of 100 MB: the worker holds pieces of them only."""
    large = dicom_file(Rows=25_600, Columns=2_048, PixelData=bytes(104_857_600))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"IM{number}", large)
    data = (tmp_path / "a.zip").read_bytes()
    delivery = a_delivery()
    [file] = listed(delivery, ("a.zip", len(data)))
    client = a_browser(delivery)
    address = opened(client, file)["Location"]
    for offset in range(0, len(data), 8 * MIB):
        assert patch(client, address, offset, data[offset : offset + 8 * MIB]).status_code == 204
    size = len(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sort_all()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
    print(f"{size / MIB:.0f} MiB, worker +{grown} MiB, child {child_mib()} MiB")

    assert file.members.count() == 4
    assert grown < 64
