from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from klisza.base.errors import NotFound, Unavailable
from klisza.blobs import services, storage
from klisza.blobs.models import Blob


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> Path:
    """A storage folder of its own for each test."""
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]
    return tmp_path / "blobs"


def _files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_what_was_put_can_be_read(place: Path) -> None:
    stored = storage.put([b"abc", memoryview(b"def")])

    assert storage.read(stored.key) == b"abcdef"
    assert storage.read_range(stored.key, 2, 3) == b"cde"
    assert b"".join(storage.stream(stored.key, offset=4)) == b"ef"
    assert (stored.size, stored.sha256[:8]) == (6, "bef57ec7")


def test_a_file_can_be_put(place: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(3_000_000))

    assert storage.put_file(source).size == 3_000_000


def test_equal_bytes_get_different_keys(place: Path) -> None:
    assert storage.put(b"x").key != storage.put(b"x").key


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "a" * 31, "g" * 32, "a" * 31 + "/"])
def test_a_key_is_never_a_path(place: Path, key: str) -> None:
    """R26"""
    with pytest.raises(NotFound):
        storage.open_path(key)


def test_an_unknown_key_is_not_found(place: Path) -> None:
    with pytest.raises(NotFound):
        storage.read("0" * 32)


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_leaves_nothing_behind(place: Path, monkeypatch: pytest.MonkeyPatch, fault: int) -> None:
    """L4"""
    write, calls = os.write, []

    def fails_the_second_time(file: int, data: memoryview) -> int:
        calls.append(file)
        if len(calls) > 1:
            raise OSError(fault, "full")
        return write(file, data)

    monkeypatch.setattr(os, "write", fails_the_second_time)

    with pytest.raises(Unavailable):
        storage.put([b"first", b"second"])
    assert _files(place) == []


def test_names_are_synced_after_bytes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L2: the file, every new directory in its parent, the rename, the directory of the new name."""
    steps: list[str] = []
    fdatasync, rename, sync_directory = os.fdatasync, Path.rename, storage.sync_directory
    monkeypatch.setattr(os, "fdatasync", lambda file: (steps.append("file"), fdatasync(file))[1])
    monkeypatch.setattr(Path, "rename", lambda old, new: (steps.append("rename"), rename(old, new))[1])
    monkeypatch.setattr(
        storage, "sync_directory", lambda one: (steps.append(f"directory {one}"), sync_directory(one))[1]
    )

    stored = storage.put(b"x")

    last = storage.open_path(stored.key).parent
    parents = [f"directory {one}" for one in (place.parent, place, last.parent)]
    assert steps == ["file", *parents, "rename", f"directory {last}"]


def test_a_known_directory_costs_one_sync(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        storage.secrets, "token_hex", lambda _: os.urandom(1).hex().join(("ab" * 8, "cd" * 7))
    )
    storage.put(b"x")
    synced: list[Path] = []
    monkeypatch.setattr(storage, "sync_directory", synced.append)

    storage.put(b"y")

    assert len(synced) == 1


@pytest.mark.django_db
def test_the_sweep_removes_orphans_only(place: Path) -> None:
    """L3: half-written files and files without a row; what has a row stays."""
    kept, orphan = storage.put(b"kept"), storage.put(b"orphan")
    services.save(kept)
    (place / storage.TEMPORARY).mkdir(exist_ok=True)
    (place / storage.TEMPORARY / "half").write_bytes(b"ha")

    removed = services.sweep(timedelta(0))

    assert removed == 2
    assert storage.read(kept.key) == b"kept"
    with pytest.raises(NotFound):
        storage.read(orphan.key)


@pytest.mark.django_db
def test_the_sweep_spares_the_young(place: Path) -> None:
    stored = storage.put(b"its row comes in a moment")

    assert services.sweep() == 0
    assert services.save(stored) in Blob.objects.all()
