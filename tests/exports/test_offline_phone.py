"""JPEG and MP4 for a phone, and what is kept of an offline viewer between two downloads."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from klisza.archive.models import Instance, Series
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed, Unavailable
from klisza.exports.offline import cache, members, phone
from klisza.exports.offline.files import Slice, of_bytes, of_pieces
from klisza.exports.offline.members import Part, Plan
from tests.examinations.given import a_patient, a_report, the_examination

from .offline_copy import SERIES, archived

pytestmark = pytest.mark.django_db
SMALL = tuple(one for one in SERIES if one[0] in ("dx", "film"))


@pytest.fixture
def wanted(tmp_path: Path) -> Plan:
    patient = a_patient()
    archived(tmp_path, patient, SMALL)
    a_report(patient)
    return members.plan([Part(the_examination(patient))])


class TestPicturesForAPhone:
    def test_each_image_is_a_jpeg_and_a_film_an_mp4(self, wanted: Plan, tmp_path: Path) -> None:
        assert phone.has_films(), "ffmpeg is missing (tools/need.sh test)"
        with pytest.raises(Unavailable):
            phone.pictures(wanted)
        phone.prepare(wanted)
        made = {member.name: b"".join(member.stream()) for member in phone.pictures(wanted)}
        assert list(made) == [
            "PHONE/SE0001/IM00001.JPG",
            "PHONE/SE0002/FILM0001.MP4",
            "PHONE/SE0003/IM00001.JPG",
        ]
        picture = Image.open(io.BytesIO(made["PHONE/SE0001/IM00001.JPG"]))
        assert picture.size == (211, 169)
        assert np.asarray(picture).std() > 10
        (tmp_path / "film.mp4").write_bytes(made["PHONE/SE0002/FILM0001.MP4"])
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,pix_fmt,nb_read_frames",
             "-of", "csv=p=0", "film.mp4"],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        assert told.strip() == "h264,yuv420p,8"
        first = phone.pictures(wanted)
        cache.forget_old(-1)
        phone.prepare(wanted)
        assert phone.pictures(wanted) == first, "the same bytes, checksums and all"

    def test_without_ffmpeg_a_film_is_pictures(self, wanted: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(phone, "has_films", lambda: False)
        phone.prepare(wanted)
        names = [member.name for member in phone.pictures(wanted)]
        assert [name for name in names if name.startswith("PHONE/SE0002/")][-1] == "PHONE/SE0002/IM00008.JPG"


class TestWhatIsKept:
    def test_a_download_that_goes_on_gets_the_same_bytes(self, wanted: Plan) -> None:
        steps: list[int] = []
        members.prepare(wanted, step=steps.append)
        first = _told(wanted)
        cache.forget_old(-1)
        assert not members.is_prepared(wanted)
        members.prepare(wanted, step=steps.append)
        members.prepare(wanted, step=steps.append)
        assert _told(wanted) == first
        assert sum(steps) == 3 * members.frames(wanted), "progress counts every frame"

    def test_what_nobody_asked_for_goes(self, wanted: Plan) -> None:
        members.prepare(wanted)
        for index in cache._root().glob("*/*/index.json"):
            os.utime(index, (0, 0))
        assert members.is_prepared(wanted)
        cache.forget_old()
        assert members.is_prepared(wanted), "asking keeps it"

    def test_a_hidden_object_is_in_nothing(self, wanted: Plan) -> None:
        """R63, N13"""
        Instance.objects.filter(series=Series.objects.earliest("series_number")).update(
            hidden_reason="quality"
        )
        now = members.plan([Part(wanted[0].examination)])
        assert members.frames(now) == members.frames(wanted) - 1

    def test_only_what_the_copy_holds(self, wanted: Plan) -> None:
        own = frozenset(row.id for row in wanted[0].series[0].pictures.rows)
        assert members.frames(members.plan([Part(wanted[0].examination, own)])) == 1
        assert members.plan([Part(wanted[0].examination, with_reports=False)])[0].reports == []

    def test_an_object_that_kills_the_decoder_costs_itself(
        self, wanted: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R22"""
        call, killer = sandbox.call, str(wanted[0].series[1].pictures.rows[0].blob_key)

        def dying(function: str, arguments: dict[str, object], **more: object) -> object:
            if killer in str(arguments):
                raise SandboxFailed("memory")
            return call(function, arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(sandbox, "call", dying)
        members.prepare(wanted)
        made = [cache.prepared(one.pictures) for one in wanted[0].series]
        assert [one is not None and one.looks[0]["form"] for one in made] == ["grey", "nothing", "colour"]


def _told(wanted: Plan) -> list[tuple[str, int, int]]:
    single = members.single(wanted, language="pl")
    assert single
    return [(one.name, one.size, one.crc32) for one in (*members.viewer(wanted, language="pl"), single)]


class TestPieces:
    def test_a_stream_goes_on_anywhere(self, tmp_path: Path) -> None:
        (tmp_path / "kept").write_bytes(b"0123456789")
        made = of_pieces("A.TXT", [b"abc", Slice(tmp_path / "kept", 2, 5), b"xyz"])
        whole = b"abc23456xyz"
        assert (made.size, made.crc32) == (len(whole), of_bytes("A.TXT", whole).crc32)
        for offset in range(len(whole) + 1):
            assert b"".join(made.stream(offset)) == whole[offset:]
