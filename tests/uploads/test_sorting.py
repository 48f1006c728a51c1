"""Everything a patient may bring: its content decides, a bad file is named with a plain reason, the rest goes on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from klisza.base.errors import SandboxFailed
from klisza.standards.dicom.big_endian import to_explicit_le
from klisza.standards.dicom.part10 import split
from klisza.standards.dicom.uids import EXPLICIT_BE, EXPLICIT_LE
from klisza.uploads import looking, queries, services, storage, wording
from klisza.uploads.looking import look
from klisza.uploads.models import Delivery, HandedFile
from klisza.uploads.services import sorting, unpacking, whose
from tests.examinations.given import a_patient, a_study, pdf
from tests.examinations.given import services as examinations

from .given import PERSON, a_delivery, dicom_file, handed_in, sort_all, zip_of

pytestmark = pytest.mark.django_db
State = HandedFile.State
ANNA = {"PatientName": "KOWALCZYK^ANNA", "PatientBirthDate": "19580321"}


def became(*files: HandedFile) -> list[tuple[str, str, str]]:
    return [(file.kind, file.state, file.reason) for file in files]


class TestKinds:
    """In this process: the same function that the sandbox calls."""

    @pytest.mark.parametrize(
        ("name", "folder", "expected"),
        [
            ("documents/scans/simple.jpg", False, ("image", "sorted", "")),
            ("documents/scans/simple.png", False, ("image", "sorted", "")),
            ("documents/scans/simple.heic", False, ("image", "sorted", "")),
            ("documents/scans/multi-page-images.tiff", False, ("image", "sorted", "")),
            ("documents/pdf-tiff/minimal-document.pdf", False, ("pdf", "sorted", "")),
            ("documents/pdf-tiff/libreoffice-writer-password.pdf", False, ("pdf", "refused", "locked")),
            ("documents/synthetic/encrypted-aes256-user-haslo123.pdf", False, ("pdf", "refused", "locked")),
            ("hostile/synthetic/html-as.jpg", False, ("other", "refused", "disguised")),
            ("hostile/synthetic/svg-as.jpg", True, ("other", "refused", "disguised")),
            ("hostile/synthetic/png-20000x20000.png", False, ("image", "refused", "too_large")),
            ("hostile/synthetic/text.dcm", False, ("other", "refused", "damaged")),
            ("hostile/synthetic/empty.dcm", False, ("other", "refused", "empty")),
            ("hostile/synthetic/eicar.txt", False, ("other", "refused", "type")),
            ("hostile/synthetic/eicar.txt", True, ("other", "skipped", "accessory")),
            ("hostile/synthetic/truncated-140.dcm", False, ("dicom", "quarantined", "damaged")),
            ("hostile/synthetic/nested-sq-500.dcm", False, ("dicom", "quarantined", "damaged")),
            ("hostile/synthetic/zip-slip.zip", False, ("archive", "unpack", "")),
            ("dicom/media/cd-s21610/DICOMDIR", True, ("dicom", "skipped", "medium_index")),
            ("dicom/media/cd-s21610/DICOM/S21610/S1000/I10", True, ("dicom", "sorted", "")),
        ],
    )
    def test_samples(self, samples: Path, name: str, folder: bool, expected: tuple[str, str, str]) -> None:
        path = samples / name
        if not path.exists():
            pytest.skip("not among these samples")

        verdict = looked_at(path, folder=folder)

        assert (verdict["kind"], verdict["state"], verdict["reason"]) == expected

    @pytest.mark.parametrize(
        ("name", "data", "folder", "expected"),
        [
            ("viewer.exe", b"MZ" + bytes(100), True, ("skipped", "program")),
            ("viewer.exe", b"MZ" + bytes(100), False, ("refused", "program")),
            ("wynik.pdf", b"MZ" + bytes(100), True, ("quarantined", "disguised")),
            ("index.html", b"<!DOCTYPE html><title>x", True, ("skipped", "accessory")),
            ("index.html", b"\xef\xbb\xbf <html>", False, ("refused", "active")),
            ("wynik.pdf", b"<html><script>1</script>", False, ("refused", "disguised")),
            ("rysunek.svg", b"<?xml version='1.0'?><svg/>", False, ("refused", "active")),
            ("wynik.pdf", b"<html>%PDF-1.4 <script>", False, ("quarantined", "two_in_one")),
            ("a.rar", b"Rar!\x1a\x07\x01\x00", False, ("refused", "other_archive")),
            ("list.docx", b"PK\x03\x04" + bytes(50), False, ("refused", "type")),
            ("notatki.txt", b"hello", False, ("refused", "type")),
            ("a.pdf", b"%PDF-1.7 and nothing", False, ("refused", "damaged")),
            ("a.jpg", b"\xff\xd8\xff\xe0", False, ("refused", "damaged")),
            ("x" * 5000, b"?", False, ("refused", "type")),
        ],
    )
    def test_made_ones(
        self, tmp_path: Path, name: str, data: bytes, folder: bool, expected: tuple[str, str]
    ) -> None:
        path = tmp_path / "0"
        path.write_bytes(data)

        verdict = looked_at(path, name=name, folder=folder)

        assert (verdict["state"], verdict["reason"]) == expected

    @pytest.mark.parametrize("kept", [0.99, 0.5, 0.2, 0.02])
    def test_a_photo_of_a_phone_without_its_end(self, samples: Path, tmp_path: Path, kept: float) -> None:
        whole = (samples / "documents/scans/simple.heic").read_bytes()
        (tmp_path / "IMG_1.HEIC").write_bytes(whole[: int(len(whole) * kept)])

        verdict = looked_at(tmp_path / "IMG_1.HEIC")

        assert (verdict["kind"], verdict["state"], verdict["reason"]) == ("image", "refused", "cut_off")

    def test_big_endian_is_taken_as_it_will_be_read(self, samples: Path, tmp_path: Path) -> None:
        """What a converted copy in the archive has is what is compared; a header in any order of bytes is read."""
        source = samples / "dicom/syntax/emri_small_big_endian.dcm"
        to_explicit_le(str(source), str(tmp_path / "little.dcm"))
        little, big = looked_at(tmp_path / "little.dcm"), looked_at(source)

        assert big["facts"].pop("transfer_syntax_uid") == EXPLICIT_BE
        assert little["facts"].pop("transfer_syntax_uid") == EXPLICIT_LE
        assert big.pop("sha256") != little.pop("sha256")
        assert big == little
        assert big["state"] == "sorted"

    def test_big_endian_that_cannot_be_converted_is_kept_aside(
        self, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks(source: str, target: str) -> None:
            raise NotImplementedError

        monkeypatch.setattr("klisza.standards.dicom.big_endian.to_explicit_le", breaks)
        verdict = looked_at(samples / "dicom/syntax/emri_small_big_endian.dcm")

        assert (verdict["state"], verdict["reason"]) == ("quarantined", "big_endian")

    def test_a_pdf_that_is_a_zip_as_well(self, tmp_path: Path) -> None:
        """R32"""
        path = tmp_path / "0"
        path.write_bytes(pdf("x") + zip_of(("evil.class", b"x")))

        assert looked_at(path, name="a.pdf")["reason"] == "two_in_one"

    @pytest.mark.parametrize("cut", [0, 132, 0x7FFF])
    def test_dicom_with_and_without_preamble(self, tmp_path: Path, cut: int) -> None:
        path = tmp_path / "0"
        whole = dicom_file(**ANNA)
        path.write_bytes(b"in front of it" + whole[min(cut, split(whole).offset) :])

        verdict = looked_at(path, name="IM1", offset=len("in front of it"))

        assert (verdict["kind"], verdict["state"]) == ("dicom", "sorted")
        assert verdict["person"] == {"family": "KOWALCZYK", "given": "ANNA", "birth_date": "1958-03-21",
                                     "ids": [["", "MRN1"]]}  # fmt: skip
        assert verdict["facts"]["modality"] == "CT"

    def test_whole_discs(self, samples: Path) -> None:
        """S50: every image of them, none of their indexes, and whose they are."""
        files = [path for path in sorted((samples / "dicom/media").rglob("*")) if path.is_file()]
        asked = [
            {
                "path": str(path),
                "offset": 0,
                "length": path.stat().st_size,
                "name": path.name,
                "in_folder": True,
            }
            for path in files
        ]

        verdicts = look(asked, 1 << 32)

        states = Counter((verdict["state"], verdict["reason"]) for verdict in verdicts)
        assert set(states) == {("sorted", ""), ("skipped", "medium_index")}
        assert states["sorted", ""] == sum("DIR" not in path.name for path in files)
        people = {verdict["person"]["family"] for verdict in verdicts if verdict["state"] == "sorted"}
        assert people <= {"HEAD", "Doe"}

    def test_every_reason_has_its_words(self) -> None:
        source = (Path(looking.__file__).read_text("utf-8"), Path(sorting.__file__).read_text("utf-8"))
        import re

        found = {
            reason
            for text in source
            for reason in re.findall(r'"(?:refused|quarantined|skipped)", (?:"reason": )?"(\w+)"', text)
        }

        assert found - wording.REASONS.keys() == set()
        assert set(unpacking.REASONS.values()) - wording.REASONS.keys() == set()


def looked_at(path: Path, *, name: str = "", folder: bool = False, offset: int = 0) -> dict:
    size = path.stat().st_size - offset
    one = {
        "path": str(path),
        "offset": offset,
        "length": size,
        "name": name or path.name,
        "in_folder": folder,
    }
    return look([one], 1 << 32)[0]


class TestWhatIsKept:
    def test_a_batch_is_sorted_in_one_child(self) -> None:
        image, document, program, empty = handed_in(
            a_delivery(),
            ("CD/IM1", dicom_file(**ANNA)),
            ("CD/opis.pdf", pdf("x")),
            ("CD/v.exe", b"MZ"),
            ("CD/0", b""),
        )

        assert became(image, document, program, empty) == [
            ("dicom", "sorted", ""), ("pdf", "sorted", ""), ("other", "skipped", "program"), ("other", "refused", "empty"),
        ]  # fmt: skip
        assert image.blob is not None
        assert image.blob.sha256 == image.sha256
        assert program.blob is None
        assert image.is_me is True
        assert not any(file.staged for file in (image, document, program, empty))

    def test_a_file_that_kills_the_reader_costs_only_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = sorting.sandbox.call

        def call(function: str, arguments: dict, **more: object) -> object:
            if any(one["name"] == "zły.dcm" for one in arguments["files"]):
                raise SandboxFailed("crash: SIGSEGV")
            return real(function, arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(sorting.sandbox, "call", call)

        bad, good = handed_in(a_delivery(), ("zły.dcm", b"12345678"), ("dobry.pdf", pdf("x")))

        assert became(bad, good) == [("other", "quarantined", "unreadable"), ("pdf", "sorted", "")]

    def test_the_receipt_names_each_with_its_reason(self) -> None:
        delivery = a_delivery()
        handed_in(delivery, ("pusty.pdf", b""), ("CD/v.exe", b"MZ"))
        from .given import a_browser

        page = a_browser(delivery).get(f"/uploads/list/{delivery.pk}/receipt/").content.decode()

        assert "pusty.pdf" in page
        assert "Plik jest pusty" in page
        assert "v.exe" not in page


class TestZip:
    """R27"""

    def test_its_files_are_files_of_the_delivery(self) -> None:
        delivery = a_delivery()
        data = zip_of(("CD/IM1", dicom_file(**ANNA)), ("CD/autorun.inf", b"[autorun]"), ("CD/DICOMDIR", b"x"))

        archive = handed_in(delivery, ("płyta.zip", data))[0]

        members = list(archive.members.order_by("position"))
        assert became(archive) == [("archive", "sorted", "")]
        assert archive.facts == {"files": 3}
        assert became(*members) == [
            ("dicom", "sorted", ""), ("other", "skipped", "accessory"), ("other", "skipped", "accessory"),
        ]  # fmt: skip
        assert members[0].path == "płyta.zip/CD/IM1"
        assert members[0].is_me is True
        assert queries.progress_of(delivery).files == 1

    def test_paths_links_passwords_and_nesting(self, samples: Path, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        link = zip_of(("x", b""))
        slip = zip_of(("../../canary", b"evil"), ("/etc/canary", b"evil"), ("C:\\x\\wynik.pdf", pdf("x")))
        files = handed_in(
            a_delivery(),
            ("slip.zip", slip),
            ("w.zip", zip_of(("in.zip", link))),
            ("zły.zip", b"PK\x03\x04zepsuty"),
        )

        assert not canary.exists()
        assert [member.path for member in files[0].members.order_by("position")] == [
            "slip.zip/canary", "slip.zip/etc/canary", "slip.zip/C:/x/wynik.pdf",
        ]  # fmt: skip
        assert became(files[1].members.get()) == [("archive", "refused", "zip_in_zip")]
        assert became(files[2]) == [("archive", "refused", "damaged")]

    def test_a_hundred_thousand_entries(self, settings: object) -> None:
        many = zip_of(*((f"{number}", b"") for number in range(3000)))
        settings.UPLOAD_FILES_MOST = 2000  # type: ignore[attr-defined]

        archive, other = handed_in(a_delivery(), ("dużo.zip", many), ("opis.pdf", pdf("x")))

        assert became(archive, other) == [("archive", "refused", "too_many_entries"), ("pdf", "sorted", "")]

    def test_a_bomb(self, samples: Path) -> None:
        path = samples / "hostile/synthetic/zip-ratio-100m.zip"
        if not path.exists():
            pytest.skip("not among these samples")

        archive = handed_in(a_delivery(), ("bomba.zip", path.read_bytes()))[0]

        found = [archive, *archive.members.all()]
        assert any(file.reason == "bomb" for file in found)
        assert sum(file.blob.size for file in found if file.blob) < 20_000_000

    def test_a_try_that_was_killed_is_done_again(self) -> None:
        delivery = a_delivery()
        archive = handed_in(delivery, ("a.zip", zip_of(("1.pdf", pdf("1")), ("2.pdf", pdf("2")))))[0]
        unpacking.forget_members(archive)

        assert HandedFile.objects.filter(delivery=delivery).count() == 1


class TestWhose:
    """N8"""

    def test_two_persons_on_one_disc_are_split(self) -> None:
        delivery = a_delivery()
        _paper, mine, others = handed_in(
            delivery,
            ("CD/0.pdf", pdf("x")),
            ("CD/1", dicom_file(**ANNA)),
            ("CD/2", dicom_file(PatientName="Nowak^Jan", PatientBirthDate="19900101")),
        )

        assert (mine.is_me, mine.person["likeness"]) == (True, "same")
        assert (others.is_me, others.person["likeness"]) == (None, "other")
        (asked, count), *more = queries.unclear_persons(delivery)
        assert (asked.pk, count, more) == (others.pk, 1, [])

    def test_her_answer_counts_for_all_of_that_person(self) -> None:
        delivery = a_delivery()
        nowak = {"PatientName": "Nowak^Anna", "PatientBirthDate": "19580321"}
        files = handed_in(delivery, ("1", dicom_file(**nowak)), ("2", dicom_file(**nowak)))

        assert whose.answer(file=files[0], is_me=True, by=PERSON) == 2
        assert [file.is_me for file in HandedFile.objects.all()] == [True, True]
        assert queries.unclear_persons(delivery) == []

    def test_not_me_is_set_aside(self) -> None:
        file = handed_in(a_delivery(), ("1", dicom_file(PatientName="Nowak^Jan")))[0]

        whose.answer(file=file, is_me=False, by=PERSON)

        file.refresh_from_db()
        assert became(file) == [("dicom", "quarantined", "other_person")]

    def test_an_answer_given_before_sending_counts(self) -> None:
        file = handed_in(a_delivery(), ("1", dicom_file(PatientName="Nowak^Anna")), is_me=True)[0]

        assert (file.is_me, file.person["likeness"]) == (True, "other")

    def test_polish_letters(self, samples: Path) -> None:
        data = dicom_file(SpecificCharacterSet="ISO_IR 101", PatientName="Łącka^Żaneta")

        file = handed_in(a_delivery(a_patient(family_name="Łącka", given_name="Żaneta")), ("1", data))[0]

        assert (file.person["family"], file.person["given"]) == ("Łącka", "Żaneta")


class TestConflicts:
    """N9, R28"""

    def test_same_uid_other_bytes(self) -> None:
        first = {
            **ANNA,
            "SOPInstanceUID": "1.2.3.4",
            "StudyInstanceUID": "1.2.3",
            "SeriesInstanceUID": "1.2.3.1",
        }

        one, again, other = handed_in(
            a_delivery(),
            ("1", dicom_file(**first)),
            ("2", dicom_file(**first)),
            ("3", dicom_file(**first, PixelData=b"\1" * 128)),
        )

        assert became(one, again, other) == [
            ("dicom", "sorted", ""), ("dicom", "skipped", "duplicate"), ("dicom", "quarantined", "same_uid"),
        ]  # fmt: skip

    def test_of_another_patient(self) -> None:
        first = {
            **ANNA,
            "SOPInstanceUID": "1.2.3.4",
            "StudyInstanceUID": "1.2.3",
            "SeriesInstanceUID": "1.2.3.1",
        }
        handed_in(a_delivery(), ("1", dicom_file(**first)))

        file = handed_in(a_delivery(a_patient("other")), ("1", dicom_file(**first)))[0]

        assert became(file) == [("dicom", "quarantined", "same_uid")]
        assert "SOP" not in wording.reason_of(file)

    def test_of_the_archive(self) -> None:
        owner = a_patient()
        study = a_study(owner)
        examinations.link_study(study=study, by=PERSON)
        instance = study.series.get().instances.first()
        assert instance is not None
        data = dicom_file(**ANNA, SOPInstanceUID=instance.sop_instance_uid)

        file = handed_in(a_delivery(owner), ("1", data))[0]

        assert became(file) == [("dicom", "quarantined", "same_uid")]


def test_what_staff_end_is_not_sorted_into_anything(place: Path) -> None:
    delivery = a_delivery()
    services.refuse(delivery=delivery, by=PERSON)

    assert Delivery.objects.get().state == "refused"
    sort_all()
    assert storage.older_than(-1) == []
