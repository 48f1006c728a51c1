"""The ZIP whose bytes are known by their position: other programs open it, and any part of it is the same again."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from klisza.standards.zip import records
from klisza.standards.zip.aes import keys_of, salt_of
from klisza.standards.zip.layout import Archive, CutShort, Member

MOMENT = datetime(2026, 11, 23, 12, 30, 14)
PASSWORD = "Zażółć gęślą jaźń 7"
SECRET = b"\7" * 32
CONTENTS = [
    b"",
    b"short",
    random.Random(1).randbytes(600_000),
    bytes(70_000),
    random.Random(2).randbytes(300_017),
]


def members(*, deferred: bool = False) -> list[Member]:
    return [
        Member(
            f"DICOM/SE000000/IM{number:06d}", len(body), None if deferred else zlib.crc32(body),
            lambda offset, body=body: in_pieces(body[offset:]),  # type: ignore[misc]
        )
        for number, body in enumerate(CONTENTS)
    ]  # fmt: skip


def in_pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 100_003):
        yield body[start : start + 100_003]


def archive(*, deferred: bool = False, password: str = "", **more: Any) -> Archive:
    return Archive(
        members(deferred=deferred), modified=MOMENT, password=password.encode(), secret=SECRET, **more
    )


FORMS = pytest.mark.parametrize(
    "form", [{}, {"deferred": True}, {"password": PASSWORD}], ids=["plain", "deferred", "encrypted"]
)


@FORMS
def test_length_is_known_before_a_byte_is_read(form: dict[str, Any]) -> None:
    assert archive(**form).size == sum(len(piece) for piece in archive(**form).stream())


@FORMS
def test_it_goes_on_at_any_byte(form: dict[str, Any]) -> None:
    """N5: also with AES, whose salts are the same again."""
    whole, chance = b"".join(archive(**form).stream()), random.Random(7)
    edges = [0, 1, 29, 30, 57, 58, 75, len(whole) - 22, len(whole) - 1]
    for start in [*edges, *(chance.randrange(len(whole)) for _ in range(20))]:
        length = chance.randrange(1, len(whole) - start + 1)
        assert b"".join(archive(**form).stream(start)) == whole[start:]
        assert b"".join(archive(**form).stream(start, length)) == whole[start : start + length]


@pytest.mark.parametrize("deferred", [False, True])
def test_others_open_it(deferred: bool, tmp_path: Path) -> None:
    path = tmp_path / "copy.zip"
    path.write_bytes(b"".join(archive(deferred=deferred).stream()))
    found = zipfile.ZipFile(path)
    assert [found.read(one) for one in found.infolist()] == CONTENTS
    assert {one.date_time for one in found.infolist()} == {(2026, 11, 23, 12, 30, 14)}
    for command in (["unzip", "-tq"], ["7z", "t"]):
        if shutil.which(command[0]):
            subprocess.run([*command, str(path)], check=True, capture_output=True)


def test_seven_zip_opens_a_password_with_polish_letters(tmp_path: Path) -> None:
    """R56: AES-256, and nothing else opens it."""
    if shutil.which("7z") is None:
        pytest.skip("7z is not installed (apt install p7zip-full)")
    path = tmp_path / "copy.zip"
    path.write_bytes(b"".join(archive(password=PASSWORD).stream()))
    listing = seven_zip("l", "-slt", path)
    assert listing.stdout.count(b"Method = AES-256 Store") == len(CONTENTS)
    assert seven_zip("x", f"-p{PASSWORD}", path, f"-o{tmp_path / 'out'}").returncode == 0
    assert [file.read_bytes() for file in sorted((tmp_path / "out").rglob("IM*"))] == CONTENTS
    assert seven_zip("t", "-pZazolc gesla jazn 7", path).returncode != 0


def seven_zip(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(["7z", *map(str, arguments)], capture_output=True, env=environment)


def test_salts_differ_by_member_and_by_secret() -> None:
    salts = {salt_of(secret, index) for secret in (SECRET, b"\1" * 32) for index in range(100)}
    assert len(salts) == 200
    assert salt_of(SECRET, 3) == salt_of(SECRET, 3)
    assert [len(key) for key in keys_of(b"x", bytes(16))] == [32, 32, 2]


def test_checksums_of_what_was_sent_before_are_not_read_again() -> None:
    known: dict[int, int] = {}
    whole = b"".join(archive(deferred=True, checksums=known).stream())
    assert sorted(known) == list(range(len(CONTENTS)))
    untouched = [
        Member(one.name, one.size, None, lambda offset: pytest.fail("read again")) for one in members()
    ]
    later = Archive(untouched, modified=MOMENT, checksums=known)
    assert b"".join(later.stream(later.directory_at)) == whole[later.directory_at :]


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_member_of_another_length_ends_it(wrong: int) -> None:
    body = bytes(200_000 + wrong)
    broken = Archive([Member("A", 200_000, 0, lambda offset: iter([body]))], modified=MOMENT)
    with pytest.raises(CutShort):
        list(broken.stream())


class TestZip64:
    """Sizes and offsets beyond 4 GiB, without writing them: the parts are put together by hand."""

    SIZE = 5 * 1024**3

    def large(self, count: int = 1) -> Archive:
        def nothing(offset: int) -> Iterator[bytes]:
            raise AssertionError("no content is needed")

        return Archive([Member(f"F{n}", self.SIZE, n, nothing) for n in range(count)], modified=MOMENT)

    def test_the_directory_of_large_members_is_read(self) -> None:
        made = self.large(2)
        tail = b"".join(made.stream(made.directory_at))
        sparse = Sparse(made.size, tail)
        found = zipfile.ZipFile(sparse)  # type: ignore[arg-type]
        assert [(one.file_size, one.header_offset) for one in found.infolist()] == [
            (self.SIZE, 0), (self.SIZE, made._offsets[1])
        ]  # fmt: skip

    def test_many_members_are_counted(self) -> None:
        body = [
            Member(f"F{n}", 1, zlib.crc32(b"x"), lambda offset: iter([b"x"[offset:]])) for n in range(66_000)
        ]
        whole = b"".join(Archive(body, modified=MOMENT).stream())
        assert len(zipfile.ZipFile(io.BytesIO(whole)).infolist()) == 66_000

    def test_sizes_of_records_are_what_is_written(self) -> None:
        for count, begin, length in ((1, 10, 46), (70_000, 10, 46), (1, 5 * 1024**3, 46)):
            written = records.end(count=count, begin=begin, length=length)
            assert len(written) == records.end_size(count=count, begin=begin, length=length)


class Sparse(io.RawIOBase):
    """A file of which only the end exists."""

    def __init__(self, size: int, tail: bytes) -> None:
        self._size, self._tail, self._at = size, tail, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, number: int = -1) -> bytes:
        start = self._at - (self._size - len(self._tail))
        assert start >= 0
        found = self._tail[start:] if number < 0 else self._tail[start : start + number]
        self._at += len(found)
        return found
