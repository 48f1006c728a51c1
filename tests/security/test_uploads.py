"""R27, R32, R35, R57, R58, L19 at the doors of handing in."""

from __future__ import annotations

import pytest
from django.test import Client

from klisza.audit.models import AuditEvent
from klisza.uploads import services, storage
from klisza.uploads.errors import ListClosed
from klisza.uploads.models import Delivery, HandedFile, Upload
from klisza.uploads.views import door
from tests.examinations.given import a_patient
from tests.security.races import Run, program
from tests.uploads.given import (
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
)  # fmt: skip

State = HandedFile.State


@pytest.fixture(autouse=True)
def place(tmp_path: object, settings: object) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]


@pytest.mark.django_db
class TestOwnership:
    """R35"""

    def test_nobody_elses_upload_exists(self) -> None:
        file = listed(a_delivery(), ("a", 10))[0]
        address = opened(a_browser(file.delivery), file).headers["Location"]
        stranger = a_browser(a_delivery(a_patient("other")))

        for answer in (
            stranger.head(address, headers=TUS),
            patch(stranger, address, 0, b"evil"),
            stranger.delete(address, headers=TUS),
            opened(stranger, file),
            stranger.get(f"/uploads/list/{file.delivery_id}/"),
            stranger.get(f"/uploads/list/{file.delivery_id}/receipt/"),
            send_batch(stranger, file.delivery, batch_of((file, b"evil evil!"))),
            stranger.post(f"/uploads/files/{file.pk}/remove/", headers={"Content-Length": "0"}),
            stranger.post(f"/uploads/files/{file.pk}/person/", {"answer": "yes"}),
        ):
            assert answer.status_code == 404
        assert Upload.objects.get().offset == 0

    def test_without_a_session_nothing_is_taken(self) -> None:
        file = listed(a_delivery(), ("a", 10))[0]

        assert opened(Client(), file).status_code == 401
        assert Client().get(f"/uploads/list/{file.delivery_id}/").status_code == 401

    def test_ids_have_128_bits(self) -> None:
        file = listed(a_delivery(), ("a", 10))[0]

        key = opened(a_browser(file.delivery), file).headers["Location"].rpartition("/")[2]

        assert len(bytes.fromhex(key)) == 16
        assert "Upload" in str(Upload.objects.get())
        assert key not in str(Upload.objects.get())

    def test_whose_right_has_ended_sends_nothing_more(self) -> None:
        """A carer's grant, a merged record: asked anew with every request."""
        delivery = a_delivery()
        file = listed(delivery, ("a", 10))[0]
        Delivery.objects.update(patient=a_patient("other"))

        assert opened(a_browser(delivery), file).status_code == 404


@pytest.mark.django_db
class TestLies:
    """R35"""

    def setup_method(self) -> None:
        door._busy.clear()

    def begun(self, size: int = 10) -> tuple[Client, str, HandedFile]:
        file = listed(a_delivery(), ("a", size))[0]
        client = a_browser(file.delivery)
        return client, opened(client, file).headers["Location"], file

    def test_more_than_was_announced(self) -> None:
        client, address, _file = self.begun()
        patch(client, address, 0, b"01234567")

        answer = patch(client, address, 8, b"89AB")

        assert answer.status_code == 413
        assert storage.size(address.rpartition("/")[2]) == 8

    def test_another_length_than_on_the_list(self) -> None:
        file = listed(a_delivery(), ("a", 10))[0]
        words = {"Upload-Length": "11", "Upload-Metadata": metadata(file=str(file.pk))}

        assert a_browser(file.delivery).post("/uploads/", headers=TUS | words).status_code == 413

    @pytest.mark.parametrize("header", [{"Upload-Concat": "final;/uploads/x"}, {"Upload-Defer-Length": "1"}])
    def test_no_concatenation_no_deferred_length(self, header: dict[str, str]) -> None:
        file = listed(a_delivery(), ("a", 10))[0]

        assert opened(a_browser(file.delivery), file, **header).status_code == 400
        assert not Upload.objects.exists()

    @pytest.mark.parametrize("name", ["file /etc/passwd", "file", "file Li4vLi4v", "delivery AAAA"])
    def test_metadata_names_nothing_but_ids(self, name: str) -> None:
        client = a_browser(a_delivery())

        answer = client.post("/uploads/", headers=TUS | {"Upload-Length": "1", "Upload-Metadata": name})

        assert answer.status_code in (400, 404)

    def test_twenty_open_at_once(self, settings: object) -> None:
        settings.UPLOADS_OPEN = 3  # type: ignore[attr-defined]
        delivery = a_delivery()
        client = a_browser(delivery)
        files = listed(delivery, *((str(number), 10) for number in range(4)))

        answers = [opened(client, file).status_code for file in files]

        assert answers == [201, 201, 201, 429]

    def test_few_bodies_of_one_account_at_once(self) -> None:
        """L19: the fourth lane of a greedy script waits, other people do not."""
        client, address, file = self.begun()
        door._busy[file.delivery.account_id] = door.AT_ONCE

        assert patch(client, address, 0, b"0").status_code == 429
        other_client, other_address, _ = self.begun_by_other()
        assert patch(other_client, other_address, 0, b"0").status_code == 204

    def begun_by_other(self) -> tuple[Client, str, HandedFile]:
        file = listed(a_delivery(a_patient("other")), ("a", 10))[0]
        client = a_browser(file.delivery)
        return client, opened(client, file).headers["Location"], file


@pytest.mark.django_db
class TestAClosedList:
    """S55, R57"""

    def test_nothing_is_added_any_more(self) -> None:
        delivery = a_delivery()
        listed(delivery, ("a", 10))
        services.close(delivery=delivery, ending="upload", by=PERSON)
        client = a_browser(delivery)
        words = metadata(delivery=str(delivery.pk), filename="late.pdf")

        late = client.post("/uploads/", headers=TUS | {"Upload-Length": "1", "Upload-Metadata": words})
        again = client.post(
            f"/uploads/list/{delivery.pk}/", {"anew": True, "files": []}, content_type="application/json"
        )

        assert (late.status_code, again.status_code) == (409, 409)
        with pytest.raises(ListClosed):
            services.remove(file=HandedFile.objects.get(), by=PERSON)
        assert HandedFile.objects.count() == 1

    def test_the_second_completion_is_told_so(self) -> None:
        delivery = a_delivery()
        services.close(delivery=delivery, ending="without", by=PERSON)

        with pytest.raises(ListClosed):
            services.close(delivery=delivery, ending="without", by=PERSON)
        assert AuditEvent.objects.filter(action="delivery.closed").count() == 1

    def test_a_late_chunk_of_a_file_that_is_here(self) -> None:
        delivery = a_delivery()
        file = listed(delivery, ("a", 4))[0]
        client = a_browser(delivery)
        address = opened(client, file).headers["Location"]
        services.close(delivery=delivery, ending="upload", by=PERSON)
        patch(client, address, 0, b"once")

        assert patch(client, address, 0, b"evil").status_code == 409
        assert opened(client, file).status_code == 409
        assert send_batch(client, delivery, batch_of((file, b"evil"))).status_code == 200
        file.refresh_from_db()
        assert b"".join(storage.pieces(file.staged, 0, 4)) == b"once"

    def test_a_chunk_after_staff_have_ended_it(self) -> None:
        file = listed(a_delivery(), ("a", 10))[0]
        client = a_browser(file.delivery)
        address = opened(client, file).headers["Location"]
        services.refuse(delivery=file.delivery, by=PERSON)

        assert patch(client, address, 0, b"0123").status_code == 409
        assert send_batch(client, file.delivery, batch_of((file, b"0123456789"))).status_code == 409

    def test_with_files_there_is_no_without(self) -> None:
        """S48"""
        delivery = a_delivery()
        listed(delivery, ("a", 10))

        with pytest.raises(Exception, match="plik"):
            services.close(delivery=delivery, ending="without", by=PERSON)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return program("upload_race", tmp_path_factory.mktemp("race"))


class TestTheOneEnd:
    """R57 on a real database file."""

    def test_r57_two_completions_with_a_chunk_in_flight(self, run: Run) -> None:
        """Exactly one wins; the chunk that was on its way makes the set complete, once."""
        assert run("race") == {
            "outcomes": ["already sent", "closed", "sent"], "state": "complete", "closed": 1, "files": ["arrived"],
        }  # fmt: skip

    @pytest.mark.parametrize(("when", "outcome"), [("closing", "closed"), ("arriving", "already sent")])
    def test_r57_killed_in_between(self, run: Run, when: str, outcome: str) -> None:
        begun = run("die", when)

        assert run("finish", begun["delivery"], begun["upload"]) == {
            "outcome": outcome, "told": 0, "state": "complete", "closed": 1, "files": ["arrived"],
        }  # fmt: skip
