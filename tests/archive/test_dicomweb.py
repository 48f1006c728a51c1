"""QIDO-RS and WADO-RS as machines use them: dicomweb-client over a socket, and the calls of others by
hand."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from django.db import connections
from pydicom import dcmread

from klisza.accounts import services as accounts
from klisza.archive import tickets
from klisza.archive.dicomweb import answers, application, machines
from klisza.archive.dicomweb.accept import frame_form, instance_form, ranges
from klisza.archive.models import Instance
from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.base.ids import opaque_uid
from klisza.blobs import services as blobs

from .studies import ct, derived, get, slices, write

pytestmark = pytest.mark.django_db


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(autouse=True)
def _fresh() -> None:
    machines._known.clear()
    machines._audited.clear()


@pytest.fixture
def token() -> str:
    return accounts.create_client(name="PACS", scopes=["dicomweb:read"], issuer="", by=SYSTEM)


@pytest.fixture
def server() -> Iterator[str]:
    """The image doors behind a real socket; the server's thread uses this test's connection, so that it
    sees its rows."""
    own = connections["default"]
    own.inc_thread_sharing()

    def shared(environ: dict[str, Any], start_response: Any) -> Any:
        connections["default"] = own
        return application(environ, start_response)

    with make_server("127.0.0.1", 0, shared, handler_class=Quiet) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/dicom-web"
        http.shutdown()
        thread.join()
    own.dec_thread_sharing()


@pytest.fixture
def client(server: str, token: str) -> Iterator[DICOMwebClient]:
    made = DICOMwebClient(server, headers={"Authorization": f"Bearer {token}"})
    yield made
    made._session.close()


@pytest.fixture
def study(tmp_path: Path) -> list[Instance]:
    return derived(slices(tmp_path, StudyDescription="HEAD", SeriesDescription="axial"))


def uids(instance: Instance) -> tuple[str, str, str]:
    series = instance.series
    return series.study.study_instance_uid, series.series_instance_uid, instance.sop_instance_uid


def by_ticket(instance: Instance) -> str:
    series = instance.series
    ticket = tickets.issue(holder="me", study_ids=[series.study_id])
    return f"/dicom-web/t/{ticket}/studies/{opaque_uid(series.study_id)}/series/{opaque_uid(series.pk)}"


def ask(path: str, token: str, query: str = "", **headers: str) -> Any:
    return get(f"/dicom-web/{path}", query=query, HTTP_AUTHORIZATION=f"Bearer {token}", **headers)


class TestDicomwebClient:
    def test_searches_find_the_study(self, client: DICOMwebClient, study: list[Instance]) -> None:
        study_uid, series_uid, _ = uids(study[0])

        for filters in ({"PatientID": "4711"}, {"AccessionNumber": "A1"}, {"StudyDate": "20251231-20260102"},
                        {"StudyInstanceUID": study_uid}, {"ModalitiesInStudy": "CT"},
                        {"PatientID": "47*"}):  # fmt: skip
            found = client.search_for_studies(search_filters=filters)
            assert [item["0020000D"]["Value"][0] for item in found] == [study_uid], filters
        for filters in ({"PatientID": "47"}, {"StudyDate": "20260102-"}, {"ModalitiesInStudy": "MR"}):
            assert client.search_for_studies(search_filters=filters) == [], filters
        assert client.search_for_series(study_uid)[0]["0020000E"]["Value"] == [series_uid]
        assert len(client.search_for_instances(study_uid, series_uid)) == 3
        assert len(client.search_for_instances(study_uid, series_uid, limit=1, offset=2)) == 1

    def test_metadata_at_each_level(self, client: DICOMwebClient, study: list[Instance]) -> None:
        one = uids(study[1])

        assert len(client.retrieve_study_metadata(one[0])) == 3
        assert len(client.retrieve_series_metadata(*one[:2])) == 3
        item = client.retrieve_instance_metadata(*one)
        assert item["00080018"]["Value"] == [one[2]]
        assert item["00100010"]["Value"] == [{"Alphabetic": "Nowak^Anna"}]
        assert "7FE00010" not in item

    def test_objects_come_back_byte_for_byte(self, client: DICOMwebClient, study: list[Instance]) -> None:
        one = uids(study[0])
        sent = blobs.read(study[0].blob_id)

        retrieved = client.retrieve_instance(*one)

        assert retrieved.SOPInstanceUID == one[2]
        assert np.array_equal(retrieved.pixel_array, dcmread(blobs.open_path(study[0].blob_id)).pixel_array)
        assert {dataset.SOPInstanceUID for dataset in client.retrieve_series(*one[:2])} == {
            i.sop_instance_uid for i in study
        }
        assert len(client.retrieve_study(one[0])) == 3
        assert hashlib.sha256(sent[study[0].dataset_offset :]).hexdigest() == study[0].dataset_sha256

    def test_frames_are_the_pixels(self, client: DICOMwebClient, tmp_path: Path) -> None:
        pixels = np.arange(3 * 16).reshape(3, 4, 4)
        one = uids(derived([write(ct(pixels, NumberOfFrames="3"), tmp_path)])[0])

        frames = client.retrieve_instance_frames(*one, frame_numbers=[3, 1])

        assert [np.frombuffer(frame, "<u2").tolist() for frame in frames] == [
            pixels[2].ravel().tolist(),
            pixels[0].ravel().tolist(),
        ]

    def test_rendered_is_a_picture(self, client: DICOMwebClient, study: list[Instance]) -> None:
        one = uids(study[0])

        first, second = (
            client.retrieve_instance_rendered(*one, media_types=("image/jpeg",)) for _ in range(2)
        )

        assert first[:3] == b"\xff\xd8\xff"
        assert first == second  # R24: nothing of a previous picture in it


class TestSearchAnswers:
    def test_every_attribute_is_there(self, token: str, study: list[Instance]) -> None:
        item = json.loads(ask("studies", token).body)[0]

        assert {
            "00080005", "00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00080201",
            "00081190", "00100010",
            "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208",
        } <= item.keys()  # fmt: skip
        assert item["00201208"]["Value"] == [3]
        assert item["00080005"]["Value"] == ["ISO_IR 192"]
        assert item["00081190"]["Value"][0].endswith(f"/dicom-web/studies/{uids(study[0])[0]}")

    def test_calls_of_ohif(self, token: str, study: list[Instance]) -> None:
        query = "limit=101&offset=0&fuzzymatching=false&includefield=00081030&StudyDate=20260101-20260131"
        assert len(json.loads(ask("studies", token, query).body)) == 1
        query = f"includefield=00080021,00080031,0008103E,00200011&SeriesInstanceUID={uids(study[0])[1]}"
        assert len(json.loads(ask(f"studies/{uids(study[0])[0]}/series", token, query).body)) == 1

    def test_more_results_are_announced(self, token: str, study: list[Instance]) -> None:
        reply = ask(f"studies/{uids(study[0])[0]}/instances", token, "limit=2")

        assert len(json.loads(reply.body)) == 2
        assert reply.headers["warning"].startswith("299 ")

    @pytest.mark.parametrize(
        "query",
        [
            "StudyDate=yesterday",
            "limit=-1",
            "limit=x",
            "OperatorsName=x",
            "InstanceNumber=one",
            "PatientID=*a*a*a*a*b",
            "PatientID=%00",
        ],
    )
    def test_bad_keys_are_told(self, token: str, query: str) -> None:
        """A key we cannot match on would make the answer a lie."""
        assert ask("instances", token, query).status == 400

    def test_unknown_studies_have_no_series(self, token: str) -> None:
        assert json.loads(ask("studies/1.2.3/series", token).body) == []


class TestRefusals:
    @pytest.mark.parametrize(
        "authorization", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "bearer \udcff"]
    )
    def test_no_valid_token(self, authorization: str, study: list[Instance]) -> None:
        for path in ("studies", f"studies/{uids(study[0])[0]}", f"studies/{uids(study[0])[0]}/metadata"):
            reply = get(f"/dicom-web/{path}", HTTP_AUTHORIZATION=authorization)
            assert reply.status == 401
            assert reply.headers["www-authenticate"].startswith("Bearer")

    def test_scope_is_needed(self, study: list[Instance]) -> None:
        other = accounts.create_client(name="other", scopes=["fhir:read"], issuer="", by=SYSTEM)

        assert ask("studies", other).status == 403

    def test_revoked_clients_are_refused(self, token: str, study: list[Instance]) -> None:
        assert ask("studies", token).status == 200

        accounts.revoke_client(name="PACS", by=SYSTEM)
        for key, (known_at, known) in list(machines._known.items()):
            machines._known[key] = (known_at - 4.1, known)

        assert ask("studies", token).status == 401

    def test_unknown_things_are_one_404(self, token: str, study: list[Instance]) -> None:
        one = uids(study[0])
        Instance.objects.filter(pk=study[2].pk).update(hidden_reason="rejected")
        paths = [
            "studies/1.2.3", "studies/1.2.3/metadata", f"studies/{one[0]}/series/1.2",
            f"studies/{one[0]}/series/{one[1]}/instances/9",
            f"studies/{one[0]}/series/{one[1]}/instances/{uids(study[2])[2]}", f"studies/{one[0]}/x", "x",
            "", "studies/\0",
            f"studies/{one[0]}/series/{one[1]}/instances/{one[2]}/frames/2",
            f"studies/{one[0]}/series/{one[1]}/instances/{one[2]}/frames/0",
        ]  # fmt: skip
        assert {(reply.status, reply.body) for reply in (ask(path, token) for path in paths)} == {
            (404, b"Not found\n")
        }

    def test_forms_we_do_not_have(self, token: str, study: list[Instance]) -> None:
        one = uids(study[0])
        path = f"studies/{one[0]}/series/{one[1]}/instances/{one[2]}"

        for place, accept in (
            ("studies", "text/html"), (f"{path}/metadata", "application/dicom+xml"), (path,
            "application/pdf"),
            (path, 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90'),
            (f"{path}/frames/1", "image/png"), (f"{path}/rendered", "video/mp4"),
        ):  # fmt: skip
            assert ask(place, token, HTTP_ACCEPT=accept).status == 406, accept
        assert ask(f"{path}/frames/one", token).status == 400

    def test_uploading_is_not_here(self, token: str) -> None:
        assert get("/dicom-web/studies", method="POST", HTTP_AUTHORIZATION=f"Bearer {token}").status == 405

    def test_reading_is_recorded_once(self, token: str, study: list[Instance]) -> None:
        for _ in range(3):
            ask(f"studies/{uids(study[0])[0]}/metadata", token)

        event = AuditEvent.objects.get(action="study.retrieved")
        assert event.agent_kind == "machine"
        assert event.objects_json == [{"kind": "Study", "id": str(study[0].series.study_id)}]


class TestBodies:
    def test_lengths_are_exact(self, token: str, study: list[Instance]) -> None:
        one = uids(study[0])
        path = f"studies/{one[0]}/series/{one[1]}/instances/{one[2]}"

        for place, accept in (
            (f"studies/{one[0]}", ""), (path, "application/dicom"), (f"{path}/frames/1", ""),
            (f"{path}/frames/1", "application/octet-stream"), (f"{path}/metadata", ""), ("studies", ""),
        ):  # fmt: skip
            reply = ask(place, token, HTTP_ACCEPT=accept)
            assert reply.status == 200
            assert int(reply.headers["content-length"]) == len(reply.body)
            assert reply.headers["cache-control"] == "no-store"
            head = get(
                f"/dicom-web/{place}", method="HEAD", HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT=accept
            )
            assert (head.status, head.body) == (200, b"")
            assert head.headers["content-length"] == reply.headers["content-length"]

    def test_bare_object_is_the_stored_file(self, token: str, study: list[Instance]) -> None:
        one = uids(study[0])

        reply = ask(
            f"studies/{one[0]}/series/{one[1]}/instances/{one[2]}", token, HTTP_ACCEPT="application/dicom"
        )

        assert reply.body == blobs.read(study[0].blob_id)

    def test_places_for_streams_are_few(self, token: str, study: list[Instance]) -> None:
        path = f"studies/{uids(study[0])[0]}"
        held = [answers.Stream(iter([b""])) for _ in range(answers.STREAMS_MOST)]

        reply = ask(path, token)
        for stream in held:
            stream.close()
            stream.close()

        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert ask(path, token).status == 200

    def test_ranges_of_a_frame(self, study: list[Instance]) -> None:
        path = f"{by_ticket(study[0])}/instances/{opaque_uid(study[0].pk)}/frames/1"
        whole = get(path).body

        for accept in ("", 'multipart/related; type="application/octet-stream"; transfer-syntax=*'):
            full = get(path, HTTP_ACCEPT=accept).body
            for asked, slice_ in (
                ("0-9", full[:10]),
                ("10-", full[10:]),
                ("-5", full[-5:]),
                ("90-99999", full[90:]),
            ):
                reply = get(path, HTTP_ACCEPT=accept, HTTP_RANGE=f"bytes={asked}")
                assert (reply.status, reply.body) == (206, slice_), asked
                assert reply.headers["content-range"].endswith(f"/{len(full)}")
        assert get(path, HTTP_RANGE="bytes=96-").status == 416
        assert get(path, HTTP_RANGE="bytes=0-1,5-6").body == whole
        assert get(path, HTTP_RANGE="lines=1-2").body == whole
        assert whole == blobs.read(study[0].blob_id)[-len(whole) :]

    def test_viewer_metadata_gzipped_or_not(self, study: list[Instance]) -> None:
        path = f"{by_ticket(study[0])}/metadata"

        plain, packed = get(path), get(path, HTTP_ACCEPT_ENCODING="gzip, br")

        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert [item["00080018"]["Value"][0] for item in json.loads(plain.body)] == [
            opaque_uid(i.pk) for i in study
        ]


class TestAccept:
    def test_quotes_commas_and_qualities(self) -> None:
        found = ranges(
            'text/html;q=0.1, multipart/related; type="application/octet-stream"; transfer-syntax=*, x/y;q=0'
        )

        assert [(accepted.type, accepted.parameters) for accepted in found] == [
            ("multipart/related", {"type": "application/octet-stream", "transfer-syntax": "*"}),
            ("text/html", {}),
        ]

    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            ("", (True, "application/octet-stream")),
            ("*/*", (True, "application/octet-stream")),
            ('multipart/related; type="*/*"', (True, "application/octet-stream")),
            (
                "multipart/related; type=application/octet-stream; transfer-syntax=*",
                (True, "application/octet-stream"),
            ),
            (
                'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80',
                (True, "image/jls"),
            ),
            ("application/octet-stream; transfer-syntax=*", (False, "application/octet-stream")),
            ("image/jls", (False, "image/jls")),
            ('multipart/related; type="image/jp2"', None),
            ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", None),
        ],
    )
    def test_forms_of_a_jpeg_ls_frame(self, accept: str, form: tuple[bool, str] | None) -> None:
        assert frame_form(accept, "1.2.840.10008.1.2.4.80", multipart_by_default=True) == form

    def test_forms_of_an_object(self) -> None:
        syntaxes = {"1.2.840.10008.1.2.1"}

        assert (
            instance_form(
                'multipart/related; type="application/dicom"; transfer-syntax=*', syntaxes, one=True
            )
            is True
        )
        assert instance_form("application/dicom", syntaxes, one=True) is False
        assert instance_form("application/dicom", syntaxes, one=False) is None
        assert instance_form("", syntaxes, one=False) is True
