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
    services.end_try(forward=forward, transaction_uid="2.25.7")

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
    Forward.objects.update(transaction_uid="2.25.7")
    services.note_commitment(
        transaction_uid="2.25.7", committed=[row.instance.sop_instance_uid], failed={}, peer_name="pacs"
    )

    assert services.end_try(forward=forward, transaction_uid="2.25.7").state == "committed"


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
