"""What happens between a whole frame and its answer: rows of one commit, repetitions among them, haste."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from klisza.gateways.hl7v2 import inbox as module
from klisza.gateways.hl7v2.answers import Desk
from klisza.gateways.hl7v2.arrival import Arrival, arrive
from klisza.gateways.hl7v2.inbox import Inbox
from klisza.gateways.models import InboundMessage, WorkItem

from .hl7door import adt, message, oru

PERSON = "PID|1||I-1^^^SZP&1.2.3.4&ISO^MR||Testowa^Anna||19600229|F"


def arrivals(*raws: bytes) -> list[Arrival]:
    return [arrive(raw, address="127.0.0.1", senders=(), is_open=True) for raw in raws]


@pytest.mark.django_db
class TestOneCommit:
    def test_rows_stand_in_order_of_arrival(self) -> None:
        batch = arrivals(*(adt(f"I-{number}") for number in range(5)))

        assert module._commit(batch)

        rows = InboundMessage.objects.order_by("id")
        assert [bytes(row.raw) for row in rows] == [arrival.raw for arrival in batch]
        assert [row.pk for row in rows] == [arrival.message.pk for arrival in batch if arrival.message]

    def test_a_repetition_beside_its_original(self) -> None:
        """Two connections send the same at the same moment (L6)."""
        raw = oru("I-1", report="R1")
        first, second = batch = arrivals(raw, raw)

        assert module._commit(batch)

        assert [each.message and each.message.state for each in batch] == ["waiting", "repeated"]
        assert (first.original, second.original) == (None, first.message)

    def test_a_key_used_again_for_another_body(self) -> None:
        first, second = adt("I-1"), adt("I-2")
        name = first.split(b"|", 10)[9]
        second = second.replace(second.split(b"|", 10)[9], name)

        assert module._commit(arrivals(first, second))

        assert list(InboundMessage.objects.order_by("id").values_list("state", flat=True)) == ["waiting"] * 2
        assert WorkItem.objects.get().kind == "control_id_reused"

    def test_a_steady_load_costs_few_statements(self, django_assert_max_num_queries: Any) -> None:
        """One look and one INSERT for all of them (F13)."""
        batch = arrivals(*(oru(f"I-{number}", report=f"R{number}") for number in range(8)))

        with django_assert_max_num_queries(4):  # with the savepoint around them
            assert module._commit(batch)


class TestHaste:
    @pytest.fixture
    def early(self) -> Any:
        async def keep(arrival: Arrival) -> None:
            pass

        async def take(arrival: Arrival, is_long: bool, in_haste: bool) -> None:
            desk = Desk(
                SimpleNamespace(keep=keep),  # type: ignore[arg-type]
                SimpleNamespace(is_long=is_long),  # type: ignore[arg-type]
            )
            assert [answer async for answer in desk.take(arrival, in_haste=in_haste)]

        def ask(raw: bytes, *, is_long: bool = False, in_haste: bool = False) -> bool:
            (arrival,) = arrivals(raw)
            asyncio.run(take(arrival, is_long, in_haste))
            return arrival.early

        return ask

    def test_a_lone_message_waits_for_its_effect(self, early: Any) -> None:
        assert not early(oru("I-1", report="R1"))

    def test_a_sender_with_a_queue_does_not(self, early: Any) -> None:
        assert early(oru("I-1", report="R1"), in_haste=True)
        assert early(oru("I-1", report="R1"), is_long=True)

    def test_what_may_be_refused_waits_always(self, early: Any) -> None:
        merge = message("ADT^A40", "EVN|A40|20260306080000+0100", PERSON, "MRG|I-9^^^SZP&1.2.3.4&ISO^MR")

        assert not early(merge, in_haste=True, is_long=True)


class TestFlood:
    def test_many_at_once_are_one_until_they_end(self) -> None:
        box = Inbox()
        try:
            now = time.monotonic()
            box.kept.extend([now] * (module.FLOOD - 1))
            assert not box.is_flooded  # the oldest is from before

            box.kept.append(now)
            assert box.is_flooded

            box.kept.extend([now - 2 * module.CALM_SECONDS] * module.FLOOD)
            assert not box.is_flooded
        finally:
            box.close()
