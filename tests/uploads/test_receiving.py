"""tus 1.0.0 and batches, as the browser's script and any other client see them (N7)."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import timedelta

import pytest
from django.test import Client

from klisza.base import clock
from klisza.uploads import queries, services, storage
from klisza.uploads.bodies import Body
from klisza.uploads.errors import UploadBusy
from klisza.uploads.models import Delivery, HandedFile, Upload
from klisza.uploads.services import receiving, sweeping
from tests.examinations.given import a_patient

from .given import (
    OCTETS,
    PERSON,
    TUS,
    a_browser,
    a_delivery,
    batch_of,
    listed,
    metadata,
    opened,
    patch,
    send_batch,
)

pytestmark = pytest.mark.django_db
State = HandedFile.State


def one_file(size: int = 10) -> tuple[Delivery, HandedFile, Client]:
    delivery = a_delivery()
    return delivery, listed(delivery, ("CD/IM1", size))[0], a_browser(delivery)


def stored(file: HandedFile) -> bytes:
    file.refresh_from_db()
    return b"".join(storage.pieces(file.staged, file.staged_offset, file.size))


def head(client: Client, address: str) -> dict[str, str]:
    answer = client.head(address, headers=TUS)
    return {"status": str(answer.status_code), **{name: answer.headers.get(name, "") for name in
            ("Upload-Offset", "Upload-Length", "Upload-Expires", "Cache-Control")}}  # fmt: skip


class TestTus:
    def test_it_says_what_it_can(self) -> None:
        _delivery, _file, client = one_file()

        answer = client.options("/uploads/")

        assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
        assert set(answer.headers["Tus-Extension"].split(",")) == {
            "creation", "creation-with-upload", "checksum", "expiration", "termination",
        }  # fmt: skip
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"

    def test_a_file_comes_in_pieces(self) -> None:
        delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]

        assert patch(client, address, 0, b"0123").headers["Upload-Offset"] == "4"
        assert head(client, address) | {"Upload-Expires": ""} == {
            "status": "200", "Upload-Offset": "4", "Upload-Length": "10", "Upload-Expires": "", "Cache-Control": "no-store",
        }  # fmt: skip
        assert patch(client, address, 4, b"456789").status_code == 204
        assert stored(file) == b"0123456789"
        assert file.state == State.ARRIVED
        assert queries.progress_of(delivery).bytes_arrived == 10

    def test_creation_with_upload(self) -> None:
        _delivery, file, client = one_file()
        words = {"Upload-Length": "10", "Upload-Metadata": metadata(file=str(file.pk))}

        answer = client.post("/uploads/", data=b"0123456789", content_type=OCTETS, headers=TUS | words)

        assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "10")
        assert stored(file) == b"0123456789"

    def test_another_client_may_list_by_creating(self) -> None:
        delivery, _file, client = one_file()
        words = metadata(delivery=str(delivery.pk), filename="opis.pdf", title="Opis")

        answer = client.post("/uploads/", headers=TUS | {"Upload-Length": "0", "Upload-Metadata": words})

        file = HandedFile.objects.get(name="opis.pdf")
        assert (answer.status_code, file.title, file.state) == (201, "Opis", State.ARRIVED)

    def test_asking_again_for_the_same_file_goes_on(self) -> None:
        _delivery, file, client = one_file()
        first = opened(client, file)
        patch(client, first.headers["Location"], 0, b"0123")

        again = opened(client, file)

        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers["Upload-Offset"] == "4"

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Upload-Offset": "3"}, 409),
            ({"Upload-Offset": "-1"}, 400),
            ({"Upload-Offset": "4", "Upload-Checksum": "sha256 AAAA"}, 460),
            ({"Upload-Offset": "4", "Upload-Checksum": "md5 AAAA"}, 400),
            ({"Upload-Offset": "4", "Tus-Resumable": "0.2.2"}, 412),
        ],
    )
    def test_a_piece_that_is_not_taken_changes_nothing(self, headers: dict[str, str], status: int) -> None:
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        patch(client, address, 0, b"0123")

        answer = client.patch(address, data=b"456", content_type=OCTETS, headers=TUS | headers)

        assert answer.status_code == status
        assert head(client, address)["Upload-Offset"] == "4"

    def test_a_checksum_is_met(self) -> None:
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        for algorithm, offset in (("sha1", 0), ("sha256", 5)):
            digest = base64.b64encode(hashlib.new(algorithm, b"01234").digest()).decode()
            answer = patch(client, address, offset, b"01234", **{"Upload-Checksum": f"{algorithm} {digest}"})
            assert answer.status_code == 204

    def test_another_kind_of_body_is_not_taken(self) -> None:
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]

        answer = client.patch(
            address, data=b"x", content_type="text/plain", headers=TUS | {"Upload-Offset": "0"}
        )

        assert answer.status_code == 415

    def test_it_can_be_ended(self) -> None:
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]

        assert client.delete(address, headers=TUS).status_code == 204
        assert head(client, address)["status"] == "404"
        file.refresh_from_db()
        assert file.state == State.WAITING

    def test_it_expires_and_can_be_begun_anew(self) -> None:
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        patch(client, address, 0, b"0123")
        Upload.objects.update(expires_at=clock.now() - timedelta(seconds=1))

        assert patch(client, address, 4, b"4").status_code == 410
        assert sweeping.end_uploads() == 1
        assert opened(client, file).headers["Upload-Offset"] == "0"

    def test_one_writer_at_a_time(self) -> None:
        """Across processes too: the lock is the kernel's."""
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        with storage.locked(address.rpartition("/")[2]) as held:
            assert held is not None
            assert patch(client, address, 0, b"0123").status_code == UploadBusy.status

        assert patch(client, address, 0, b"0123").status_code == 204

    def test_what_came_before_a_cut_is_kept(self) -> None:
        """And only what is durable is told."""
        _delivery, file, client = one_file()
        upload = Upload.objects.get(pk=opened(client, file).headers["Location"].rpartition("/")[2])

        class Cut:
            data = b"012"

            def read(self, size: int, /) -> bytes:
                piece, self.data = self.data, b""
                if not piece:
                    raise ConnectionResetError
                return piece

        assert receiving.append(upload=upload, offset=0, body=Body(Cut(), 10)) == 3
        assert head(client, f"/uploads/{upload.pk}")["Upload-Offset"] == "3"

    def test_bytes_behind_the_offset_are_written_over(self) -> None:
        """A server that was killed between the sync and the row."""
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        with storage.locked(address.rpartition("/")[2]) as lost:
            assert lost is not None
            storage.write(lost, b"garbage!!", 0)

        patch(client, address, 0, b"0123456789")

        assert stored(file) == b"0123456789"


class TestBatches:
    def test_many_files_in_one_request(self) -> None:
        delivery = a_delivery()
        contents = [os.urandom(size) for size in (0, 1, 70_000, 300_000)]
        files = listed(delivery, *((f"CD/{number}", len(data)) for number, data in enumerate(contents)))
        pairs = list(zip(files, contents, strict=True))

        answer = send_batch(a_browser(delivery), delivery, batch_of(*pairs))

        assert set(answer.json()["files"].values()) == {"arrived"}
        assert [stored(file) for file in files[1:]] == contents[1:]
        assert len(list(storage.path_of(files[1].staged).parent.iterdir())) == 1

    def test_a_damaged_one_costs_only_itself(self) -> None:
        delivery = a_delivery()
        good, bad = listed(delivery, ("a", 4), ("b", 4))
        body = batch_of((good, b"good"), (bad, b"orig"))[:-4] + b"evil"

        answer = send_batch(a_browser(delivery), delivery, body).json()["files"]

        assert answer == {str(good.pk): "arrived", str(bad.pk): "damaged"}
        bad.refresh_from_db()
        assert bad.state == State.WAITING

    def test_the_same_batch_again_changes_nothing(self) -> None:
        delivery = a_delivery()
        file = listed(delivery, ("a", 4))[0]
        client, body = a_browser(delivery), batch_of((file, b"once"))
        send_batch(client, delivery, body)
        before = HandedFile.objects.get().staged

        assert send_batch(client, delivery, body).json()["files"] == {str(file.pk): "arrived"}
        assert HandedFile.objects.get().staged == before
        assert [path.name for path in storage.path_of(before).parent.iterdir()] == [before]

    def test_files_of_a_cut_batch_that_came_whole_are_kept(self) -> None:
        delivery = a_delivery()
        first, second = listed(delivery, ("a", 4), ("b", 4))
        whole = batch_of((first, b"AAAA"), (second, b"BBBB"))
        contents = [receiving.Piece(str(first.pk), 4), receiving.Piece(str(second.pk), 4)]

        class Cut:
            rest = whole[-8:-2]

            def read(self, size: int, /) -> bytes:
                piece, self.rest = self.rest[:size], self.rest[size:]
                return piece

        answers = receiving.take_batch(delivery=delivery, contents=contents, body=Body(Cut(), 8))

        assert answers == {str(first.pk): "arrived"}
        assert stored(first) == b"AAAA"

    @pytest.mark.parametrize(
        "body", [b"\0", b"\0\0\0\2[]extra", b"\xff\xff\xff\xff", b"\0\0\0\3{}1", b"\0\0\0\4[[1]]"]
    )
    def test_nonsense_is_refused(self, body: bytes) -> None:
        delivery = a_delivery()

        assert send_batch(a_browser(delivery), delivery, body).status_code == 400


class TestTheList:
    def test_what_was_announced_is_told(self) -> None:
        """Resume by the server's list: nothing is remembered in the browser."""
        delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        patch(client, address, 0, b"0123")

        told = client.get(f"/uploads/list/{delivery.pk}/").json()

        assert told["state"] == "collecting"
        assert (told["files"][0]["upload"], told["files"][0]["offset"]) == (address, 4)
        assert told["token"]

    def test_announcing_anew_forgets_what_has_not_come(self) -> None:
        delivery, _file, client = one_file()
        entry = {"path": "nowy.pdf", "size": 3, "title": "Tytuł", "mark": "m"}

        answer = client.post(
            f"/uploads/list/{delivery.pk}/", {"anew": True, "files": [entry]}, content_type="application/json"
        )

        assert answer.status_code == 201
        assert list(HandedFile.objects.values_list("name", "title", "mark")) == [("nowy.pdf", "Tytuł", "m")]

    def test_endless_names_and_folders_are_shortened(self) -> None:
        delivery = a_delivery()
        path = "CD\\" + "a" * 3000 + "\u202egpj.exe\n/" + "x" * 4000 + ".dcm"

        file = listed(delivery, (path, 1))[0]

        assert len(file.name) == 255
        assert file.name.endswith(".dcm")
        assert len(file.path) <= 500
        assert "\u202e" not in file.path

    def test_a_full_quota_is_said_before_anything_is_sent(self, settings: object) -> None:
        """R35"""
        settings.UPLOAD_FILES_MOST = 2  # type: ignore[attr-defined]
        settings.UPLOAD_BYTES_MOST = 100  # type: ignore[attr-defined]
        delivery, _file, client = one_file()
        address = f"/uploads/list/{delivery.pk}/"

        for files in ([{"path": "a", "size": 1}] * 2, [{"path": "a", "size": 91}]):
            answer = client.post(address, {"files": files}, content_type="application/json")
            assert answer.status_code == 413
            assert answer.json()["reason"]
        assert HandedFile.objects.count() == 1

    def test_the_comparison_of_persons_is_the_servers(self) -> None:
        patient = a_patient()
        delivery = a_delivery(patient)
        persons = [
            {"family": "KOWALCZYK", "given": "ANNA", "birth_date": "1958-03-21"},
            {"family": "Nowak", "given": "Anna", "birth_date": "1958-03-21"},
            {"family": "Nowak", "given": "Jan", "birth_date": "1990-01-01"},
        ]

        answer = a_browser(delivery).post(
            f"/uploads/list/{delivery.pk}/persons/", {"persons": persons}, content_type="application/json"
        )

        assert answer.json() == {"likeness": ["same", "maybe", "other"]}


class TestADelivery:
    def test_it_is_one_for_its_subject(self) -> None:
        delivery = a_delivery()

        again = services.delivery_for(
            patient=delivery.patient, account=delivery.account, subject=delivery.subject
        )

        assert again.pk == delivery.pk

    def test_it_is_complete_with_its_last_byte(self) -> None:
        delivery, file, client = one_file(4)
        services.close(delivery=delivery, ending="upload", by=PERSON)
        assert queries.progress(delivery.subject).state == "closed"

        send_batch(client, delivery, batch_of((file, b"last")))

        progress = queries.progress(delivery.subject)
        assert (progress.state, progress.files_arrived, progress.bytes_arrived) == ("complete", 1, 4)

    def test_without_files_it_is_complete_at_once(self) -> None:
        """S48"""
        delivery = a_delivery()

        services.close(delivery=delivery, ending="without", by=PERSON)

        assert delivery.state == "complete"

    def test_given_up_it_may_still_become_complete(self) -> None:
        """M6.8"""
        delivery, file, client = one_file(4)
        services.close(delivery=delivery, ending="upload", by=PERSON)
        assert services.mark_incomplete(delivery=delivery, by=PERSON)

        send_batch(client, delivery, batch_of((file, b"last")))

        assert queries.progress(delivery.subject).state == "complete"

    def test_bytes_that_nothing_refers_to_are_swept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweeping, "LEFT_SECONDS", -1.0)
        _delivery, file, client = one_file()
        address = opened(client, file).headers["Location"]
        patch(client, address, 0, b"0123")
        with storage.new_file() as (orphan, _file):
            pass

        assert sweeping.sweep() == 1
        assert not storage.path_of(orphan).exists()
        assert head(client, address)["Upload-Offset"] == "4"
