"""R51, R54: PINs are judged, hashed, counted on the share, and end it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from klisza.base import clock
from klisza.sharing import pins, services
from klisza.sharing.errors import LinkDead, PinPaused, PinWrong
from klisza.sharing.models import Share
from tests.accounts.people import SOMEBODY, outbox

from .given import GUEST, PIN, Browser, anna, shared, text_of

WRONG = "481516"


class TestAWeakPin:
    @pytest.mark.parametrize(
        "pin",
        [
            "000000",
            "111111",
            "123456",
            "654321",
            "012345",
            "987654",
            "890123",
            "121212",
            "123123",
            "112233",
            "147258",
            "110011",
        ],
    )
    def test_is_refused(self, pin: str) -> None:
        assert pins.is_weak(pin)

    @pytest.mark.parametrize("pin", ["290260", "022960", "600229", "021960", "196002", "291960"])
    def test_a_birthday_is_refused(self, pin: str) -> None:
        assert pins.is_weak(pin, dates=[date(1960, 2, 29)])

    def test_a_random_one_is_never_weak(self) -> None:
        made = [pins.new_pin(avoiding=[date(1960, 2, 29), None]) for _ in range(500)]
        assert all(len(pin) == 6 and pin.isdigit() and not pins.is_weak(pin) for pin in made)
        assert len(set(made)) > 490
        assert not pins.is_weak(PIN)


@pytest.mark.django_db
class TestWrongPins:
    def test_five_pause_and_ten_close(self) -> None:
        share, token = shared(*anna())
        with time_machine.travel(clock.now(), tick=False) as now:
            for _ in range(4):
                refused(token, PinWrong)
            refused(token, PinPaused)
            refused(token, PinPaused, pin=PIN)  # the right one, too
            now.shift(15 * 60)
            for _ in range(4):
                refused(token, PinWrong)
            refused(token, LinkDead)
        share.refresh_from_db()
        assert (share.state, share.block_cause, share.wrong_pins) == ("blocked", "pins", 10)
        refused(token, LinkDead, pin=PIN)
        assert "dziesięć błędnych PIN-ów" in outbox("mail")[-1]["text"]

    def test_from_eleven_browsers_and_addresses(self) -> None:
        """R51: the counter is the share's, not a session's or an address's."""
        _share, token = shared(*anna())
        with time_machine.travel(clock.now(), tick=False) as now:
            answers = []
            for number in range(11):
                guest = Browser(REMOTE_ADDR=f"10.0.0.{number}")
                guest.follow(token)
                answers.append(guest.enter(WRONG).status_code)
                if number == 4:
                    now.shift(15 * 60 + 1)
            assert answers == [400] * 4 + [429] + [400] * 4 + [404, 404]
            assert Browser().follow(token).status_code == 404

    def test_right_ones_give_their_try_back(self) -> None:
        share, token = shared(*anna())
        for _ in range(3):
            refused(token, PinWrong)
        services.admit_guest(token=token, pin="493 127", by=GUEST)
        share.refresh_from_db()
        assert (share.wrong_pins, share.paused_until) == (3, None)

    def test_the_right_one_as_the_fifth_try_is_no_pause(self) -> None:
        share, token = shared(*anna())
        for _ in range(4):
            refused(token, PinWrong)
        services.admit_guest(token=token, pin=PIN, by=GUEST)
        share.refresh_from_db()
        assert share.paused_until is None

    def test_a_new_pin_opens_it_again(self) -> None:
        share, token = shared(*anna())
        services.block(share=share, by=SOMEBODY, cause="pins")
        pin = services.new_pin(share=Share.objects.get(), by=SOMEBODY)
        refused(token, PinWrong, pin=PIN)
        assert services.admit_guest(token=token, pin=pin, by=GUEST)[0] == share
        assert pin in text_of(Share.objects.get().pin_message)

    def test_unblocking_alone_does_not_undo_wrong_pins(self) -> None:
        share, _token = shared(*anna())
        services.block(share=share, by=SOMEBODY, cause="pins")
        with pytest.raises(Exception, match="nowy PIN"):
            services.unblock(share=Share.objects.get(), by=SOMEBODY)


@pytest.mark.django_db
def test_link_and_pin_never_stand_together() -> None:
    """R54: two messages, the second a minute after the first has left."""
    share, token = shared(*anna(), lasts=timedelta(days=7))
    link, pin = (one for one in outbox("mail") if one["kind"] == "share")
    assert token in link["text"]
    assert PIN not in link["text"]
    assert PIN in pin["text"]
    assert token not in pin["text"]
    assert share.pin_message is not None
    assert share.pin_message.after_id == share.link_message_id
    assert all(one.secret for one in (share.link_message, share.pin_message) if one)


def refused(token: str, error: type[Exception], *, pin: str = WRONG) -> Any:
    with pytest.raises(error) as caught:
        services.admit_guest(token=token, pin=pin, by=GUEST)
    assert type(caught.value) is error
    return caught.value
