"""`klisza import`: files, folders, ZIPs and media (R27)."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from klisza.archive.models import Instance, Study
from klisza.operations.importing import import_paths
from tests.gateways.door import SAMPLES, needs_samples

from .objects import EXPLICIT, dataset, encode, part10

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def _import(*paths: Path) -> dict[str, tuple[str, str]]:
    return {Path(line.path).name: (line.status, line.reason) for line in import_paths(list(paths))}


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_folder_is_judged_file_by_file(media: Path) -> None:
    good = part10(dataset())
    for name, data in {
        "1.dcm": good, "2-again": good, "3-bare": encode(dataset()), "4-no-preamble": part10(dataset())[132:],
        "5.txt": b"hello", "6-cut.dcm": good[:300], "7-empty": b"",
    }.items():  # fmt: skip
        (media / name).write_bytes(data)

    seen = {name: status for name, (status, _) in _import(media).items()}

    assert seen == {
        "1.dcm": "stored", "2-again": "duplicate", "3-bare": "stored", "4-no-preamble": "stored",
        "5.txt": "skipped", "6-cut.dcm": "refused", "7-empty": "skipped",
    }  # fmt: skip


def test_a_file_that_was_named_must_be_dicom(media: Path) -> None:
    (media / "x.txt").write_bytes(b"hello")

    assert _import(media / "x.txt", media / "absent") == {
        "x.txt": ("refused", "not a DICOM file"),
        "absent": ("refused", "no such file or folder"),
    }


def test_links_are_not_followed(media: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.dcm"
    outside.write_bytes(part10(dataset()))
    (media / "link.dcm").symlink_to(outside)
    (media / "folder").symlink_to(tmp_path)

    assert _import(media) == {}


def test_members_of_a_zip_are_flat(media: Path, tmp_path: Path) -> None:
    """Zip slip: names are text; nothing appears outside."""
    names = ("../../evil.dcm", "/etc/evil.dcm", "C:\\evil.dcm", "a/b/good.dcm")
    _zip(media / "slip.zip", {name: part10(dataset()) for name in names})

    lines = list(import_paths([media]))

    assert [line.status for line in lines] == ["stored"] * 4
    assert not list(tmp_path.rglob("*evil*"))


def test_duplicate_names_are_two_members(media: Path) -> None:
    with zipfile.ZipFile(media / "twice.zip", "w") as archive:
        archive.writestr("x", part10(dataset()))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x", part10(dataset()))

    _import(media)

    assert Instance.objects.count() == 2


def test_a_zip_bomb_is_refused(media: Path) -> None:
    _zip(media / "bomb.zip", {"x.dcm": bytes(100_000_000)})

    assert _import(media)["bomb.zip"] == ("refused", "the ZIP file unpacks to far more than images")


def test_a_lying_member_is_refused(media: Path) -> None:
    """The central directory announces ten bytes; a hundred million come."""
    path = _zip(media / "liar.zip", {"x.dcm": bytes(100_000_000)})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<L", 10)
    path.write_bytes(data)

    lines = list(import_paths([media]))

    assert {line.status for line in lines} <= {"refused", "skipped"}
    assert Instance.objects.count() == 0


def test_an_encrypted_member_is_refused(media: Path) -> None:
    path = _zip(media / "secret.zip", {"x.dcm": part10(dataset())}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for offset in (6, data.rindex(b"PK\x01\x02") + 8):
        data[offset] |= 1
    path.write_bytes(data)

    (line,) = import_paths([media])

    assert (line.status, line.reason) == ("refused", "encrypted")


def test_a_zip_inside_of_a_zip_is_refused(media: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", part10(dataset()))
    _zip(media / "outer.zip", {"inner.zip": inner.getvalue()})

    (line,) = import_paths([media])

    assert (line.status, line.reason) == ("refused", "a ZIP file inside of a ZIP file")


def test_too_many_entries_are_refused(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _zip(media / "many.zip", {str(number): b"" for number in range(20_001)}, zipfile.ZIP_STORED)

    assert _import(media)["many.zip"][0] == "refused"


def test_a_broken_zip_is_refused(media: Path) -> None:
    (media / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(100))

    assert _import(media)["broken.zip"] == ("refused", "the ZIP file is damaged")


def test_the_issuer_is_given(media: Path) -> None:
    (media / "1").write_bytes(part10(dataset()))

    list(import_paths([media], issuer="HOSPITAL-B"))

    assert Study.objects.get().issuer == "HOSPITAL-B"


def test_the_command_tells_and_fails(media: Path) -> None:
    (media / "1").write_bytes(part10(dataset()))
    (media / "2").write_bytes(part10(dataset())[:300])
    out = io.StringIO()

    with pytest.raises(CommandError, match="1 refused"):
        call_command("import", str(media), stdout=out)
    assert out.getvalue().splitlines()[-1] == "1 refused, 1 stored"


@needs_samples
def test_media_are_imported_without_their_index() -> None:
    """DICOMDIR is never followed; every file is looked at."""
    lines = list(import_paths([SAMPLES / "dicom" / "media" / "pydicom-dicomdir"]))

    assert {Path(line.path).name: line.status for line in lines}["DICOMDIR"] == "skipped"
    assert [line.status for line in lines].count("stored") == 31


@needs_samples
def test_big_endian_is_converted() -> None:
    (line,) = import_paths([SAMPLES / "dicom" / "odd" / "ExplVR_BigEndNoMeta.dcm"])

    assert line.status == "stored"
    assert Instance.objects.get().transfer_syntax_uid == EXPLICIT
