"""Images on their way to another archive: what was answered for good is never sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from klisza.archive import queries, services
from klisza.archive.models import Forward, Peer
from klisza.archive.services import forwarding
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused

from .arriving import store, study_of

pytestmark = pytest.mark.django_db


def peer(**fields: object) -> Peer:
    values = {
        "name": "pacs",
        "ae_title": "PACS",
        "address": "10.0.0.1",
        "port": 104,
        "created_at": timezone.now(),
    }
    return Peer.objects.create(**{**values, **fields})


def asked(count: int = 2) -> Forward:
    ids = [one.instance_id for one in store(*study_of(count))]
    services.ask_forward(instance_ids=[one for one in ids if one], peer=peer(), by=SYSTEM)
    forward = services.take_due()
    assert forward
    return forward


def note(forward: Forward, state: str, number: int = 0, status: int | None = 0) -> None:
    services.note_instance(row=queries.to_send(forward)[number], state=state, status=status)


def test_one_worker_at_a_time_takes_it() -> None:
    forward = asked()
    assert services.take_due() is None
    Forward.objects.update(next_at=timezone.now() - timedelta(seconds=1))  # its worker has died

    assert services.take_due() == forward


def test_the_rest_waits_longer_after_every_try() -> None:
    forward = asked()
    note(forward, "stored")
    ended = services.end_try(forward=forward, reason="the peer went away")

    assert (ended.state, len(queries.to_send(ended))) == ("waiting", 1)
    pauses = [forwarding.pause(attempt) for attempt in range(1, 13)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == forwarding.LONGEST_PAUSE


def test_it_is_given_up_in_the_end() -> None:
    forward = asked()
    Forward.objects.update(attempts=forwarding.TRIES_MOST)
    forward.refresh_from_db()
    ended = services.end_try(forward=forward, reason="the peer cannot be reached")

    assert ended.state == "failed"
    assert queries.forwarded(ended) == {"failed": 2}
    services.send_again(forward=ended, by=SYSTEM)
    assert services.take_due() == ended


def test_a_commitment_counts_for_whom_it_was_asked_of() -> None:
    forward = asked()
    uids = [row.instance.sop_instance_uid for row in queries.to_send(forward)]
    note(forward, "stored")
    note(forward, "stored")
    services.note_asked(forward=forward, transaction_uid="2.25.7")
    services.end_try(forward=forward)

    def told(name: str, uid: str = "2.25.7", failed: dict[str, int] | None = None) -> bool:
        return services.note_commitment(
            transaction_uid=uid, committed=uids, failed=failed or {}, peer_name=name
        )

    assert not told("stranger")
    assert not told("pacs", "2.25.8")
    assert told("pacs")
    forward.refresh_from_db()
    assert (forward.state, queries.forwarded(forward)) == ("committed", {"committed": 2})
    assert told("pacs", failed={uids[0]: 0x0112})
    forward.refresh_from_db()
    assert forward.state == "failed"


def test_an_answer_before_the_try_has_ended_is_kept() -> None:
    forward = asked(1)
    [row] = queries.to_send(forward)
    note(forward, "stored")
    services.note_asked(forward=forward, transaction_uid="2.25.7")
    services.note_commitment(
        transaction_uid="2.25.7", committed=[row.instance.sop_instance_uid], failed={}, peer_name="pacs"
    )

    assert services.end_try(forward=forward).state == "committed"


def unanswered(count: int = 1) -> Forward:
    """Sent, and asked for the first time."""
    forward = asked(count)
    for _ in range(count):
        note(forward, "stored")
    services.note_asked(forward=forward, transaction_uid="2.25.7")
    return services.end_try(forward=forward)


def asked_once_more(reason: str = "") -> Forward:
    Forward.objects.update(commit_at=timezone.now() - timedelta(seconds=1))
    forward = services.take_unanswered()
    assert forward
    assert services.take_unanswered() is None  # leased
    return services.end_asking(forward=forward, reason=reason)


def test_a_commitment_nobody_answers_is_asked_for_again() -> None:
    forward = unanswered()
    assert forward.commit_at
    assert services.take_unanswered() is None

    pauses = []
    for _ in range(forwarding.COMMITS_MOST - 1):
        ended = asked_once_more()
        assert (ended.state, ended.commit_at is None) == ("sent", False)
        pauses.append(forwarding.silence(ended.commit_attempts))
    assert pauses == sorted(pauses)
    assert not queries.stuck().exists()
    ended = asked_once_more("the peer cannot be reached")

    assert (ended.state, ended.commit_at, ended.reason) == ("unanswered", None, "the peer cannot be reached")
    assert list(queries.stuck()) == [ended]


def test_a_late_answer_to_an_early_question_counts() -> None:
    forward = unanswered(2)
    uids = [row.instance.sop_instance_uid for row in queries.uncommitted(forward)]
    services.note_asked(forward=forward, transaction_uid="2.25.8")
    Forward.objects.update(state="unanswered", commit_at=None)

    def told(uid: str, *kept: str) -> str:
        assert services.note_commitment(transaction_uid=uid, committed=kept, failed={}, peer_name="pacs")
        forward.refresh_from_db()
        return forward.state

    assert told("2.25.7", uids[0]) == "unanswered"
    assert told("2.25.8", uids[1]) == "committed"
    assert not queries.stuck().exists()


def test_what_is_not_kept_is_sent_again() -> None:
    forward = unanswered(2)
    first, second = (row.instance.sop_instance_uid for row in queries.uncommitted(forward))
    services.note_commitment(
        transaction_uid="2.25.7", committed=[first], failed={second: 0x0112}, peer_name="pacs"
    )
    forward.refresh_from_db()
    assert (forward.state, forward.commit_at) == ("failed", None)
    assert queries.forwarded(forward) == {"committed": 1, "uncommitted": 1}

    services.send_again(forward=forward, by=SYSTEM)
    assert [row.instance.sop_instance_uid for row in queries.to_send(forward)] == [second]


def test_again_asks_where_nothing_failed() -> None:
    forward = unanswered()
    Forward.objects.update(state="unanswered", commit_at=None, commit_attempts=7)
    forward.refresh_from_db()
    services.send_again(forward=forward, by=SYSTEM)

    assert services.take_due() is None
    taken = services.take_unanswered()
    assert taken
    assert (taken.pk, taken.state, taken.commit_attempts) == (forward.pk, "sent", 1)


def test_staff_note_what_they_settled_elsewhere() -> None:
    forward = unanswered()
    Forward.objects.update(state="failed")
    assert queries.stuck().exists()
    services.note_forward(forward=forward, by=SYSTEM)
    assert not queries.stuck().exists()


class TestCredentials:
    URL = "https://pacs.example/dicom-web"

    def added(self, **given: str) -> Peer:
        return services.add_peer(name="web", ae_title="WEB", address="10.0.0.1", by=SYSTEM, **given)

    def test_are_sealed_at_rest(self) -> None:
        with_name = self.added(stow_url=self.URL, stow_user="portal", stow_secret="zażółć:x")
        assert services.authorization_of(with_name) == "Basic cG9ydGFsOnphxbzDs8WCxIc6eA=="
        stored = bytes(Peer.objects.values_list("stow_sealed", flat=True).get())
        assert b"Basic" not in stored
        assert b"cG9ydGFs" not in stored

    def test_a_secret_alone_is_a_token(self) -> None:
        peer = self.added(stow_url=self.URL, stow_secret="abc.def")
        assert services.authorization_of(peer) == "Bearer abc.def"

    def test_most_services_want_none(self) -> None:
        assert services.authorization_of(self.added(stow_url=self.URL)) == ""

    @pytest.mark.parametrize(
        "given",
        [
            {"stow_url": "https://portal:geheim@pacs.example/web"},
            {"stow_url": URL, "stow_user": "portal"},
            {"stow_secret": "abc"},
            {"stow_url": URL, "stow_user": "a:b", "stow_secret": "c"},
            {"stow_url": URL, "stow_secret": "two words"},
            {"stow_url": URL, "stow_secret": "a\r\nX: y"},
        ],
    )
    def test_half_of_them_is_refused(self, given: dict[str, str]) -> None:
        with pytest.raises(Refused):
            self.added(**given)


def test_a_network_is_nobody_to_send_to() -> None:
    network = peer(address="10.0.0.0/24")
    assert queries.receivers() == []
    with pytest.raises(Refused):
        services.ask_forward(instance_ids=[], peer=network, by=SYSTEM)
    assert queries.receivers() == []
    assert [one.name for one in [peer(name="web", port=None, stow_url="https://pacs.example/dicom-web")]] == [
        "web"
    ]
    assert [one.name for one in queries.receivers()] == ["web"]
