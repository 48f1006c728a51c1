"""What a sender is told, in its own tongue: original mode (AA AE AR), enhanced mode (CA CE CR before it)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.conf import settings

from klisza.base import clock
from klisza.gateways.hl7v2 import router
from klisza.gateways.hl7v2.applier import Applier
from klisza.gateways.hl7v2.arrival import Arrival
from klisza.gateways.hl7v2.aside import on_database
from klisza.gateways.hl7v2.inbox import Inbox
from klisza.gateways.models import InboundMessage
from klisza.standards.hl7v2.acknowledge import answer, replies
from klisza.standards.hl7v2.errors import Refusal

State = InboundMessage.State


class Desk:
    """Takes one message after the other from a connection, keeps it, and says what is to be answered when."""

    def __init__(self, inbox: Inbox, applier: Applier) -> None:
        self.inbox, self.applier = inbox, applier

    async def take(self, arrival: Arrival, *, in_haste: bool = False) -> AsyncIterator[bytes]:
        """Its answers, each to be sent at once. Raises Unavailable: not kept, so nothing may be answered.

        in_haste: the sender has more to send; unless the effect can be refused, the answer does not wait for it.
        """
        refusal = arrival.refusal
        may_be_early = refusal is None and not router.is_awaited(arrival.contents)
        arrival.early = may_be_early and (in_haste or self.applier.is_long)
        await self.inbox.keep(arrival)
        code = refusal.answer if refusal else "AA"
        waits = self._register(arrival)
        for commit in _of_kind("C", arrival, code):
            yield _answer(arrival, commit, refusal if commit != "CA" else None)
        if not any(_of_kind("A", arrival, possible) for possible in (code, "AE")):
            return
        if waits is not None:
            code, refusal = await self._result(arrival, waits)
        elif arrival.message is not None and arrival.message.state == State.REPEATED:
            code, refusal = _as_before(arrival.message)
        for application in _of_kind("A", arrival, code):
            yield _answer(arrival, application, refusal)

    def _register(self, arrival: Arrival) -> int | None:
        """The message whose end this answer depends on."""
        message, original = arrival.message, arrival.original
        if message is not None and message.state == State.WAITING:
            self.applier.expect(message.pk, arrival.read)
            return None if arrival.early else message.pk
        if original is not None and original.state == State.WAITING and not original.answer:
            return original.pk
        return None

    async def _result(self, arrival: Arrival, key: int) -> tuple[str, Refusal | None]:
        outcome = await self.applier.wait(key, settings.HL7_APPLY_SECONDS)
        if outcome is None:  # safe with us: what the sender was told now stays so
            waiting = InboundMessage.objects.filter(pk=key, state=State.WAITING, answer="")
            await on_database(None, lambda: waiting.update(answer="AA"))
            code, refusal = "AA", None
        else:
            code, refusal = (
                outcome.answer,
                _refusal(outcome.answer, outcome.code, outcome.location, outcome.reason),
            )
        if arrival.original is not None and arrival.message is not None:
            repeated = InboundMessage.objects.filter(pk=arrival.message.pk)
            await on_database(None, lambda: repeated.update(answer=code))
        return code, refusal


def _of_kind(kind: str, arrival: Arrival, code: str) -> list[str]:
    """Those of the answers that MSH-15 and MSH-16 ask for: C at once, A when it has taken effect."""
    return [each for each in replies(arrival.envelope, code) if each.startswith(kind)]


def _as_before(row: InboundMessage) -> tuple[str, Refusal | None]:
    code = row.answer or "AA"
    return code, _refusal(code, row.code, row.location, row.reason)


def _refusal(code: str, number: str, location: str, text: str) -> Refusal | None:
    return None if code == "AA" else Refusal(code, number, location, text)


def _answer(arrival: Arrival, code: str, refusal: Refusal | None) -> bytes:
    return answer(arrival.envelope, code=code, error=refusal, now=clock.now().astimezone(clock.local_zone()))
