"""The frame index, and where frames lie in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import JPEGBaseline8Bit

from klisza.archive import frames
from klisza.standards.dicom.frames import NoPicture, as_json, picture, read_header
from klisza.standards.dicom.frames_codestream import size_of

from .studies import ct, write

STREAMS = [b"\xff\xd8first\xff\xd9", b"\xff\xd8the second\xff\xd9\x00", b"\xff\xd83\xff\xd9"]


class TestIndex:
    def test_even_frames_take_one_row(self) -> None:
        index = frames.encode({"first": 100, "length": 10, "count": 3}, None, sizes=(130, 0))

        assert [frames.pieces(index, number, rendition=False) for number in range(3)] == [
            [(100, 10)],
            [(110, 10)],
            [(120, 10)],
        ]
        assert len(index) < 32

    def test_pieces_of_both_tables_come_back(self) -> None:
        original = {"pieces": [[[1, 2], [5, 6]], [[20, 3]], []]}

        index = frames.encode(original, {"first": 0, "length": 4, "count": 3}, sizes=(23, 12))

        assert frames.pieces(index, 0, rendition=False) == [(1, 2), (5, 6)]
        assert frames.pieces(index, 1, rendition=False) == [(20, 3)]
        assert frames.pieces(index, 2, rendition=False) == []
        assert frames.pieces(index, 2, rendition=True) == [(8, 4)]
        assert (frames.count(index, rendition=False), frames.count(index, rendition=True)) == (3, 3)

    @pytest.mark.parametrize("number", [-1, 3, 2**40])
    def test_frames_that_do_not_exist(self, number: int) -> None:
        index = frames.encode({"first": 0, "length": 1, "count": 3}, None, sizes=(3, 0))

        assert frames.pieces(index, number, rendition=False) == []
        assert frames.pieces(b"", 0, rendition=False) == []

    @pytest.mark.parametrize(
        "table",
        [
            {"first": 90, "length": 6, "count": 2},
            {"first": -1, "length": 1, "count": 1},
            {"pieces": [[[99, 2]]]},
        ],
    )
    def test_frames_outside_the_blob_are_refused(self, table: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="outside"):
            frames.encode(table, None, sizes=(100, 0))


def _found(path: Path) -> list[bytes]:
    dataset, position = read_header(str(path))
    seen = picture(str(path), dataset, position)
    assert seen is not None
    data = path.read_bytes()
    return [b"".join(data[offset : offset + length] for offset, length in pieces) for pieces in seen.pieces]


class TestEncapsulatedFrames:
    def _write(self, folder: Path, body: bytes, count: int = 3, **more: object) -> Path:
        dataset = ct(
            np.zeros((2, 2)), NumberOfFrames=str(count), BitsAllocated=8, BitsStored=8, HighBit=7, **more
        )
        dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        dataset.PixelData = body
        dataset["PixelData"].is_undefined_length = True
        return write(dataset, folder)

    @pytest.mark.parametrize("has_bot", [True, False])
    @pytest.mark.parametrize("fragments", [1, 2])
    def test_tables_and_fragments_of_any_kind(self, tmp_path: Path, has_bot: bool, fragments: int) -> None:
        path = self._write(tmp_path, encapsulate(STREAMS, fragments_per_frame=fragments, has_bot=has_bot))

        assert [frame.rstrip(b"\0") for frame in _found(path)] == [stream.rstrip(b"\0") for stream in STREAMS]

    def test_extended_offset_table(self, tmp_path: Path) -> None:
        body, offsets, lengths = encapsulate_extended(STREAMS)

        path = self._write(tmp_path, body, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths)

        assert [frame.rstrip(b"\0") for frame in _found(path)] == [stream.rstrip(b"\0") for stream in STREAMS]

    def test_missing_frames_are_told(self, tmp_path: Path) -> None:
        with pytest.raises(NoPicture, match="4 frames are promised"):
            _found(self._write(tmp_path, encapsulate(STREAMS, has_bot=False), count=4))

    def test_fragment_behind_the_file_is_damage(self, tmp_path: Path) -> None:
        path = self._write(tmp_path, encapsulate(STREAMS, has_bot=False))
        path.write_bytes(path.read_bytes()[:-10])

        with pytest.raises(NoPicture, match="damaged"):
            _found(path)


class TestNativeFrames:
    def test_frames_follow_one_another(self, tmp_path: Path) -> None:
        pixels = np.arange(24).reshape(2, 3, 4)

        found = _found(write(ct(pixels, NumberOfFrames="2"), tmp_path))

        assert [np.frombuffer(frame, "<u2").reshape(3, 4).tolist() for frame in found] == pixels.tolist()

    def test_ten_bytes_short_is_refused(self, tmp_path: Path) -> None:
        """R24: what is not there is never filled from what lies behind it."""
        dataset = ct(np.zeros((8, 8)))
        dataset.PixelData = dataset.PixelData[:-10]

        with pytest.raises(NoPicture, match="10 bytes shorter"):
            _found(write(dataset, tmp_path))

    def test_file_cut_off_is_refused(self, tmp_path: Path) -> None:
        path = write(ct(np.zeros((8, 8))), tmp_path)
        path.write_bytes(path.read_bytes()[:-7])

        with pytest.raises(NoPicture, match="7 bytes shorter"):
            _found(path)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"NumberOfFrames": str(2**31 - 1)}, {"BitsAllocated": 12}, {"BitsAllocated": 64, "Rows": 65535,
            "Columns": 65535},
            {"Rows": 0}, {"BitsStored": 17}, {"SamplesPerPixel": 0}, {"SamplesPerPixel": 65535},
        ],
    )  # fmt: skip
    def test_impossible_numbers_are_refused(self, tmp_path: Path, wrong: dict[str, object]) -> None:
        """R25: before anything is allocated."""
        with pytest.raises(NoPicture):
            _found(write(ct(np.zeros((4, 4)), **wrong), tmp_path))

    def test_evenly_spaced_frames_become_one_row(self) -> None:
        assert as_json([[(10, 4)], [(14, 4)]]) == {"first": 10, "length": 4, "count": 2}
        assert as_json([[(10, 4)], [(15, 4)]]) == {"pieces": [[(10, 4)], [(15, 4)]]}
        assert as_json([]) is None


def test_size_of_each_kind_of_codestream(samples: Path) -> None:
    folder = samples / "dicom" / "syntax" / "ct-one-image"
    seen = 0
    for path in sorted(folder.glob("*.4.*.dcm")):
        stream = _found(path)[0]
        dataset = dcmread(path, stop_before_pixels=True)
        assert size_of(stream) == (dataset.Rows, dataset.Columns), path.name
        seen += 1
    assert seen
