"""Pixels: what the viewer is given equals what pydicom decodes, for every file of the samples that can be
decoded."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, apply_modality_lut, iter_pixels
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless

from klisza.base import sandbox
from klisza.standards.dicom.metadata import for_browser
from klisza.standards.dicom.metadata_order import display_order

from .studies import ct, slices, write

RENDER = "klisza.standards.dicom.render:series"
# Why a sample is not compared: not a picture, or no decoder at hand to compare with.
NOT_A_PICTURE = "drawn over other images only"


def render(path: Path | list[Path], folder: Path, **more: Any) -> dict[str, Any]:
    paths = path if isinstance(path, list) else [path]
    entries = [
        {"id": str(number), "path": str(file), "opaque_uid": f"2.25.{number + 1}"}
        for number, file in enumerate(paths)
    ]
    opaque = {"StudyInstanceUID": "2.25.1000", "SeriesInstanceUID": "2.25.2000"}
    answer: dict[str, Any] = sandbox.call(
        RENDER, {"instances": entries, "opaque": opaque, "uid_key": "ab" * 32, **more}, folder=folder
    )
    return answer


def metadata(folder: Path) -> list[dict[str, Any]]:
    return json.loads(gzip.decompress((folder / "metadata.json.gz").read_bytes()))


def pixels_of(picture: Path) -> np.ndarray[Any, Any]:
    with Image.open(picture) as image:
        return np.asarray(image).astype(int)


def value(item: dict[str, Any], tag: str) -> Any:
    return item[tag]["Value"][0]


def delivered(path: Path, folder: Path) -> tuple[dict[str, Any], list[bytes]]:
    """(the answer's entry, the bytes of each frame as a browser gets them)"""
    item = render(path, folder)["instances"]["0"]
    table = item["rendition"] or item["pieces"]
    data = (folder / "rendition-0.raw" if item["rendition"] else path).read_bytes()
    if table is None:
        return item, []
    if "pieces" in table:
        return item, [
            b"".join(data[offset : offset + length] for offset, length in frame) for frame in table["pieces"]
        ]
    return item, [
        data[table["first"] + n * table["length"] :][: table["length"]] for n in range(table["count"])
    ]


def as_pixels(item: dict[str, Any], syntax: str, frame: bytes) -> np.ndarray[Any, Any]:
    """Decode one delivered frame alone, as the browser has to: from its bytes and the browser's metadata
    only."""
    rows, columns, samples, bits = (
        value(item, tag) for tag in ("00280010", "00280011", "00280002", "00280100")
    )
    kind = f"<{'i' if value(item, '00280103') else 'u'}{bits // 8}"
    if UID(syntax).is_compressed:
        dataset = ct(np.zeros((1, 1)), Rows=rows, Columns=columns, SamplesPerPixel=samples,
        BitsAllocated=bits,
                     BitsStored=value(item, "00280101"), HighBit=value(item, "00280102"),
                     PixelRepresentation=value(item, "00280103"),
                     PhotometricInterpretation=value(item, "00280004"))  # fmt: skip
        if samples > 1:
            dataset.PlanarConfiguration = 0
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        dataset.PixelData = encapsulate([frame])
        dataset["PixelData"].is_undefined_length = True
        return next(iter_pixels(dataset))
    shape = (rows, columns, samples) if samples > 1 else (rows, columns)
    return np.frombuffer(frame, kind)[: int(np.prod(shape))].reshape(shape)


def expected(path: Path) -> list[np.ndarray[Any, Any]]:
    dataset = dcmread(path, force=True)
    frames = list(iter_pixels(dataset))
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        frames = [apply_color_lut(frame, dataset) for frame in frames]
        frames = [
            (frame >> 8 if frame.dtype == np.uint16 and frame.max() > 255 else frame).astype(np.uint8)
            for frame in frames
        ]
    if "ModalityLUTSequence" in dataset:
        frames = [apply_modality_lut(frame, dataset) for frame in frames]
    return frames


@pytest.mark.parametrize("part", ["syntax", "modality"])
def test_every_decodable_sample_matches_pydicom(samples: Path, tmp_path: Path, part: str) -> None:
    compared, left_out = [], {}
    for path in sorted(file for file in (samples / "dicom" / part).rglob("*") if file.is_file()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(path, force=True, defer_size=1024)
            if "PixelData" not in dataset or "TransferSyntaxUID" not in dataset.file_meta:
                continue
            item, frames = delivered(path, tmp_path)
            if item["unshowable"]:
                left_out[path.name] = item["unshowable"]
                continue
            try:
                wanted = expected(path)
            except Exception as missing:
                left_out[path.name] = f"pydicom: {type(missing).__name__}"
                assert item["rendition"], path.name
                continue
            shown = metadata(tmp_path)[0]
            assert len(frames) == len(wanted), path.name
            for number in {0, len(frames) // 2, len(frames) - 1}:
                got = as_pixels(shown, item["syntax"], frames[number])
                assert got.shape == wanted[number].shape, path.name
                assert np.array_equal(got, wanted[number]), path.name
        compared.append(path.name)
    assert len(compared) > 2 * len(left_out), left_out
    assert all(
        NOT_A_PICTURE in why or "viewer of its own" in why or "pydicom" in why for why in left_out.values()
    ), left_out


def test_twelve_bit_jpeg_is_made_plain(samples: Path, tmp_path: Path) -> None:
    found = list((samples / "dicom" / "syntax" / "ct-one-image").glob("*4.51.dcm"))
    if not found:
        pytest.skip("no 12-bit JPEG in this set of samples")
    plain = dcmread(next((samples / "dicom" / "syntax" / "ct-one-image").glob("*_1.2.840.10008.1.2.1.dcm")))

    item, frames = delivered(found[0], tmp_path)

    shown = metadata(tmp_path)[0]
    units = as_pixels(shown, item["syntax"], frames[0]) * value(shown, "00281053") + value(shown, "00281052")
    assert item["syntax"] == ExplicitVRLittleEndian
    # Lossy, and stored with another rescale: in Hounsfield units it is the same picture.
    assert np.abs(units - apply_modality_lut(plain.pixel_array, plain)).mean() < 10


class TestWhatPasses:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, "32 bit"),
            ({"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 1}, "signed bytes"),
            ({"HighBit": 15}, "bits at the top"),
        ],
    )
    def test_odd_greys_are_made_plain(self, tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
        pixels = np.arange(64).reshape(8, 8)
        dataset = ct(pixels, **changes)
        dataset.PixelData = pixels.astype({8: "<i1", 16: "<u2", 32: "<u4"}[dataset.BitsAllocated]).tobytes()

        item = render(write(dataset, tmp_path), tmp_path)["instances"]["0"]

        assert item["rendition"], reason

    def test_values_of_32_bits_stay_right(self, tmp_path: Path) -> None:
        pixels = np.array([[0, 70_000], [1_000_000, 500_000]])
        dataset = ct(pixels, BitsAllocated=32, BitsStored=32, HighBit=31, RescaleSlope=2, RescaleIntercept=-5)
        dataset.PixelData = pixels.astype("<u4").tobytes()

        _, frames = delivered(write(dataset, tmp_path), tmp_path)

        item = metadata(tmp_path)[0]
        got = as_pixels(item, ExplicitVRLittleEndian, frames[0]) * value(item, "00281053") + value(
            item, "00281052"
        )
        assert np.allclose(got, pixels * 2 - 5, atol=2 * 1_000_000 / 65535)

    def test_header_and_codestream_disagree(self, samples: Path, tmp_path: Path) -> None:
        """R21: a JPEG 2000 header of 60,000 x 60,000 behind Rows 512 never reaches a browser."""
        source = next((samples / "dicom" / "syntax" / "ct-one-image").glob("*4.9[01].dcm"), None)
        dataset = ct(np.zeros((512, 512)))
        dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
        siz = bytes.fromhex("ff4fff51002900000000ea600000ea60") + bytes(24)
        dataset.PixelData = encapsulate([siz])
        dataset["PixelData"].is_undefined_length = True
        assert source is None or source.exists()

        item = render(write(dataset, tmp_path), tmp_path)["instances"]["0"]

        assert "another size" in item["unshowable"]

    def test_short_pixel_data_is_not_drawn(self, tmp_path: Path) -> None:
        """R24, twice: the same refusal each time, no picture."""
        dataset = ct(np.zeros((8, 8)))
        dataset.PixelData = dataset.PixelData[:-10]
        path = write(dataset, tmp_path)

        answers = [render(path, tmp_path) for _ in range(2)]

        assert answers[0] == answers[1]
        assert "shorter" in answers[0]["instances"]["0"]["unshowable"]
        assert not (tmp_path / "preview.jpg").exists()

    def test_video_is_for_download_only(self, samples: Path, tmp_path: Path) -> None:
        path = samples / "dicom" / "synthetic" / "video-h264-mp4.dcm"
        if not path.exists():
            pytest.skip("no video in this set of samples")

        item = render(path, tmp_path)["instances"]["0"]

        assert item["unshowable"] == "video cannot be shown here, it can be downloaded"


class TestPreview:
    def test_window_is_the_one_of_the_object(self, tmp_path: Path) -> None:
        ramp = np.tile(np.arange(0, 400, 2), (200, 1))

        render(write(ct(ramp, WindowCenter=200, WindowWidth=100), tmp_path), tmp_path)

        drawn = pixels_of(tmp_path / "preview.jpg")
        assert drawn[:, :70].max() < 8
        assert drawn[:, 130:].min() > 247
        assert 118 < drawn[100, 100] < 138

    def test_monochrome1_is_turned_over(self, tmp_path: Path) -> None:
        ramp = np.tile(np.arange(0, 400, 2), (200, 1))

        render(write(ct(ramp, PhotometricInterpretation="MONOCHROME1"), tmp_path), tmp_path)

        drawn = pixels_of(tmp_path / "preview.jpg")
        assert drawn[:, :20].mean() > drawn[:, -20:].mean() + 150

    def test_stripes_are_averaged_not_sampled(self, tmp_path: Path) -> None:
        """Every second row bright: sampling every fourth pixel would give all black or all white."""
        stripes = np.zeros((2048, 2048), dtype=int)
        stripes[::2] = 1000

        render(write(ct(stripes, WindowCenter=500, WindowWidth=1000), tmp_path), tmp_path)

        drawn = pixels_of(tmp_path / "thumbnail.jpg")
        assert max(drawn.shape) == 256
        assert 110 < drawn.mean() < 145
        assert drawn.std() < 12

    def test_a_window_is_suggested_when_none_is_there(self, tmp_path: Path) -> None:
        ramp = np.tile(np.arange(1000, 1400, 2), (200, 1))

        render(write(ct(ramp, RescaleSlope=1, RescaleIntercept=-1024), tmp_path), tmp_path)

        item = metadata(tmp_path)[0]
        assert value(item, "00281050") == pytest.approx(175, abs=5)
        assert value(item, "00281051") == pytest.approx(396, abs=10)

    def test_a_window_of_no_width_is_taken_away(self, tmp_path: Path) -> None:
        render(write(ct(np.tile(np.arange(50), (50, 1)), WindowCenter=0, WindowWidth=0), tmp_path), tmp_path)

        assert value(metadata(tmp_path)[0], "00281051") >= 1

    def test_oblong_pixels_keep_their_shape(self, tmp_path: Path) -> None:
        render(write(ct(np.zeros((100, 100)) + np.arange(100), PixelSpacing=[1.0, 0.5]), tmp_path), tmp_path)

        with Image.open(tmp_path / "preview.jpg") as drawn:
            assert drawn.size == (100, 200)


class TestMetadata:
    def test_nothing_names_the_patient(self, samples: Path, tmp_path: Path) -> None:
        """Every sample: no name, id, date of birth, institution, and no UID but ours and those of
        standards."""
        forbidden = {
            "00100010",
            "00100020",
            "00100030",
            "00080080",
            "00080090",
            "00080050",
            "00081070",
            "00200010",
        }
        checked = 0
        for path in sorted(file for file in (samples / "dicom" / "modality").rglob("*.dcm")):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = dcmread(path, force=True, stop_before_pixels=True)
                opaque = {
                    "StudyInstanceUID": "2.25.1",
                    "SeriesInstanceUID": "2.25.2",
                    "SOPInstanceUID": "2.25.3",
                }
                shown = for_browser(dataset, opaque=opaque, uid_key="ab" * 32, changes={})
            text = json.dumps(shown)
            assert not forbidden & set(shown), path.name
            assert '"PN"' not in text, path.name
            for uid in _uids(shown):
                assert uid.startswith(("2.25.", "1.2.840.10008.")), path.name
            checked += 1
        assert checked > 10

    def test_functional_groups_are_also_flat(self, samples: Path, tmp_path: Path) -> None:
        path = samples / "dicom" / "modality" / "eCT_Supplemental.dcm"
        if not path.exists():
            pytest.skip("no enhanced CT in this set of samples")

        render(path, tmp_path)

        item = metadata(tmp_path)[0]
        assert len(item["00280030"]["Value"]) == 2
        assert len(item["00200037"]["Value"]) == 6
        assert "52009230" in item

    def test_frames_of_reference_stay_together(self, tmp_path: Path) -> None:
        render(slices(tmp_path), tmp_path)

        uids = {value(item, "00200052") for item in metadata(tmp_path)}
        assert len(uids) == 1
        assert uids.pop().startswith("2.25.")


class TestOrder:
    def test_position_beats_number(self, tmp_path: Path) -> None:
        paths = [
            write(ct(np.zeros((4, 4)), number=number, ImagePositionPatient=[0, 0, z]), tmp_path)
            for number, z in ((1, 30.0), (2, 10.0), (3, 20.0))
        ]

        render(paths, tmp_path)

        assert [value(item, "00200032") for item in metadata(tmp_path)] == [0.0] * 3
        assert [item["00200032"]["Value"][2] for item in metadata(tmp_path)] in ([10, 20, 30], [30, 20, 10])

    def test_direction_is_that_of_the_numbers(self) -> None:
        keys = [
            {"number": n, "position": [0, 0, -n], "orientation": [1, 0, 0, 0, 1, 0]} for n in (1, 2, 3, 4)
        ]

        assert display_order(keys) == [0, 1, 2, 3]

    def test_number_when_places_repeat(self) -> None:
        keys = [
            {"number": n, "position": [0, 0, n % 2], "orientation": [1, 0, 0, 0, 1, 0]} for n in (3, 1, 2)
        ]

        assert display_order(keys) == [1, 2, 0]

    def test_time_when_numbers_are_missing(self) -> None:
        assert display_order([{"time": "11"}, {"time": "09"}, {"number": 5}]) == [2, 1, 0]


def _uids(item: Any) -> list[str]:
    if isinstance(item, list):
        return [uid for part in item for uid in _uids(part)]
    if not isinstance(item, dict):
        return []
    own = item.get("Value", []) if item.get("vr") == "UI" else []
    return [*own, *(uid for part in item.values() for uid in _uids(part))]
