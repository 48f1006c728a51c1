"""Another e-mail or mobile number: verified first, told to the old one, cool-off (N17, R13, T-103)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from klisza.accounts import services
from klisza.accounts.errors import CodeDead, ContactNotUsable, LinkDead, WrongCode
from klisza.accounts.models import Account, ContactChange, Reset
from klisza.accounts.services import contact
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import Refused, TooMany

from .people import ANYBODY, MOBILE, SOMEBODY, active_account, outbox, sign_in

pytestmark = pytest.mark.django_db
NEW = "+48600100999"


@pytest.fixture
def account() -> Account:
    return active_account()


def ask(account: Account, channel: str = "sms", address: str = NEW, **fields: Any) -> ContactChange:
    values = {"origin": "owner", "by": ANYBODY, **fields}
    return contact.ask(account=account, channel=channel, address=address, **values)


def the_code(channel: str = "sms") -> str:
    found = re.findall(r"\b(\d{4,6})\b", outbox(channel)[-1]["text"])
    return str(found[0])


class TestTheOwner:
    def test_nothing_changes_before_the_code(self, account: Account) -> None:
        ask(account)
        account.refresh_from_db()
        assert account.mobile == MOBILE
        assert outbox("sms")[-1]["to"] == NEW

    def test_the_right_code_puts_it_in_and_tells_the_old_one(self, account: Account) -> None:
        change = ask(account)
        contact.confirm(change=change, typed=the_code(), by=ANYBODY)
        account.refresh_from_db()
        assert account.mobile == NEW
        assert outbox("mail")[-1]["to"] == account.email
        assert outbox("sms")[-1]["to"] == MOBILE
        assert AuditEvent.objects.filter(action="contact.changed").count() == 1

    def test_both_mailboxes_are_told(self, account: Account) -> None:
        change = ask(account, "mail", "nowy@example.org")
        contact.confirm(change=change, typed=the_code("mail"), by=ANYBODY)
        assert [mail["to"] for mail in outbox("mail")[-2:]] == ["ewa@example.org", "nowy@example.org"]
        assert not any("nowy@" in mail["text"] for mail in outbox("mail")[-2:])

    def test_three_wrong_codes_kill_it(self, account: Account) -> None:
        change = ask(account)
        right = the_code()
        wrong = f"{(int(right) + 1) % 10000:04d}"
        for _ in range(3):
            with pytest.raises(WrongCode):
                contact.confirm(change=change, typed=wrong, by=ANYBODY)
        with pytest.raises(CodeDead):
            contact.confirm(change=change, typed=right, by=ANYBODY)
        account.refresh_from_db()
        assert account.mobile == MOBILE

    def test_a_code_works_once_and_for_minutes(self, account: Account) -> None:
        with time_machine.travel("2026-11-01 12:00:00Z", tick=False):
            change = ask(account)
        with time_machine.travel("2026-11-01 12:05:01Z"), pytest.raises(CodeDead):
            contact.confirm(change=change, typed=the_code(), by=ANYBODY)

    def test_the_newest_wish_counts(self, account: Account) -> None:
        first = ask(account)
        code = the_code()
        ask(account, address="+48600100998")
        with pytest.raises(CodeDead):
            contact.confirm(change=first, typed=code, by=ANYBODY)

    @pytest.mark.parametrize("address", ["22 345 67 89", "+1 202 555 0123", "abc", ""])
    def test_it_never_becomes_unreachable(self, account: Account, address: str) -> None:
        with pytest.raises(ContactNotUsable):
            ask(account, address=address)

    def test_the_same_again_is_refused(self, account: Account) -> None:
        with pytest.raises(Refused):
            ask(account, address=MOBILE)

    def test_codes_have_the_accounts_budget(self, account: Account, settings: Any) -> None:
        """R44"""
        settings.CODES_PER_HOUR = 2
        change = ask(account)
        contact.send_again(change=change, by=ANYBODY)
        with pytest.raises(TooMany):
            contact.send_again(change=change, by=ANYBODY)
        assert len(outbox("sms")) == 2

    def test_the_database_knows_neither_code_nor_address(self, account: Account) -> None:
        change = ask(account)
        row = str(ContactChange.objects.values().get(pk=change.pk))
        assert the_code() not in row.replace(str(change.pk), "")
        assert NEW not in row


class TestR13CoolOff:
    def test_a_forgotten_password_asks_for_support(self, account: Account) -> None:
        contact.confirm(change=ask(account), typed=the_code(), by=ANYBODY)
        services.ask_for_reset(user_name=account.user_name, source="127.0.1.9", by=ANYBODY)
        services.answer_requests()
        assert "/login/reset/" not in outbox("mail")[-1]["text"]
        assert Reset.objects.count() == 0

    def test_a_link_from_before_is_dead(self, account: Account) -> None:
        services.ask_for_reset(user_name=account.user_name, source="127.0.1.9", by=ANYBODY)
        services.answer_requests()
        link = Reset.objects.get()
        contact.confirm(change=ask(account), typed=the_code(), by=ANYBODY)
        with pytest.raises(LinkDead):
            services.start_reset(digest=link.digest, source="127.0.1.9", by=ANYBODY)

    def test_a_day_later_it_works(self, account: Account) -> None:
        contact.confirm(change=ask(account), typed=the_code(), by=ANYBODY)
        with time_machine.travel(clock.now() + timedelta(hours=24, seconds=1)):
            services.ask_for_reset(user_name=account.user_name, source="127.0.1.9", by=ANYBODY)
            services.answer_requests()
        assert "/login/reset/" in outbox("mail")[-1]["text"]


class TestTheDesk:
    def test_notes_a_document(self, account: Account) -> None:
        with pytest.raises(Refused):
            ask(account, origin="desk", by=SOMEBODY)

    def test_takes_effect_at_once_when_read_back(self, account: Account) -> None:
        change = ask(account, origin="desk", document="passport, 1234", by=SOMEBODY)
        contact.confirm(change=change, typed=the_code(), by=SOMEBODY)
        account.refresh_from_db()
        assert account.mobile == NEW
        event = AuditEvent.objects.get(action="contact.changed")
        assert "passport, 1234" in event.reason
        assert event.agent_kind == "staff"


class TestWhatTheHospitalSays:
    def test_changes_nothing_by_itself(self, account: Account) -> None:
        assert contact.propose(account=account, email="nowy@example.org", mobile=MOBILE, by=ANYBODY)
        account.refresh_from_db()
        assert account.email == "ewa@example.org"
        assert outbox() == []

    def test_what_was_replaced_here_is_no_news(self, account: Account) -> None:
        contact.confirm(change=ask(account), typed=the_code(), by=ANYBODY)
        account.refresh_from_db()
        assert not contact.propose(account=account, email=account.email, mobile=MOBILE, by=ANYBODY)

    def test_what_was_refused_stays_refused(self, account: Account) -> None:
        contact.propose(account=account, email="", mobile=NEW, by=ANYBODY)
        contact.drop(change=contact.open_changes(account)[0], by=ANYBODY)
        assert not contact.propose(account=account, email="", mobile=NEW, by=ANYBODY)


class TestPages:
    def test_the_whole_way(self, account: Account, client: Client) -> None:
        sign_in(client, account)
        assert client.post("/account/contact/sms/", {"address": "600 100 999"}).url.endswith("/sms/code/")
        page = client.post("/account/contact/sms/code/", {"code": "x"})
        assert page.status_code == 200
        assert client.post("/account/contact/sms/code/", {"code": the_code()}).url == "/account/contact/"
        account.refresh_from_db()
        assert account.mobile == NEW

    def test_another_account_is_never_touched(self, account: Account, client: Client) -> None:
        """R18: a posted id is not read."""
        other = active_account(email="inna@example.org")
        sign_in(client, account)
        client.post("/account/contact/sms/", {"address": NEW, "account": str(other.pk), "id": str(other.pk)})
        assert ContactChange.objects.get().account == account

    def test_unknown_channels_are_not_found(self, account: Account, client: Client) -> None:
        sign_in(client, account)
        assert client.get("/account/contact/fax/").status_code == 404

    def test_an_old_login_must_be_confirmed_first(self, account: Account, client: Client) -> None:
        """T-102"""
        sign_in(client, account)
        with time_machine.travel(clock.now() + timedelta(minutes=11)):
            answer = client.get("/account/contact/sms/")
        assert answer.status_code == 302
        assert answer.url.startswith("/account/confirm/")
