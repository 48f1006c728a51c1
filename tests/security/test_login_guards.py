"""What holds when everybody is attacked at once, and what an owner still can do then (R40, R44, R47)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts import device_cookie, services
from klisza.accounts.errors import AccountLocked, BreakerTripped, CodeDead, NumberRefused, WrongCode
from klisza.accounts.models import Account, Alarm, KnownDevice, Login, TextHour
from klisza.accounts.services import alarms, breaker, limits, locking
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.ids import readable
from klisza.notifications.models import Message
from klisza.patients.models import DeskTask, Patient
from klisza.patients.services import note_refused_numbers
from tests.accounts.people import (
    ANYBODY,
    PASSWORD,
    SOMEBODY,
    active_account,
    last_code,
    outbox,
    post_login,
    sign_in,
    wrong_code,
)

pytestmark = pytest.mark.django_db
LOCKED = "Konto zostało zablokowane"
ELSEWHERE = "127.0.1.{}"


def started(account: Account) -> Login:
    login, _key = services.begin(account=account, by=ANYBODY)
    services.send_first_code(login=login, source="127.0.1.1", by=ANYBODY)
    login.refresh_from_db()
    return login


def enter(login: Login, code: str) -> None:
    services.enter_code(login=login, typed=code, by=ANYBODY)


def locked_by_strangers(account: Account) -> None:
    for number in range(2, 7):
        post_login(Client(), account.user_name, "nie to hasło", ELSEWHERE.format(number))
    account.refresh_from_db()


@pytest.fixture
def owner(client: Client) -> tuple[Client, Account]:
    """A browser in which the account was signed in to once, and is signed out again."""
    account = active_account()
    sign_in(client, account)
    client.post("/logout/")
    return client, account


# --- the owner's own browser ---------------------------------------------------------------------


def test_owner_with_device_cookie_still_logs_in_r47(owner: tuple[Client, Account]) -> None:
    client, account = owner
    locked_by_strangers(account)
    assert account.state == Account.State.LOCKED
    assert post_login(client, account.user_name, PASSWORD, "127.0.1.9").url == "/login/code/"
    assert client.post("/login/code/", {"code": last_code()}).url == "/examinations/"
    assert client.get("/account/contact/").status_code == 200


def test_strangers_stay_out_when_the_owner_is_back_r47(owner: tuple[Client, Account]) -> None:
    client, account = owner
    locked_by_strangers(account)
    sign_in(client, account)
    for number, password in enumerate(("nie to hasło", PASSWORD), start=20):
        page = post_login(Client(), account.user_name, password, ELSEWHERE.format(number))
        assert LOCKED in page.content.decode()
    account.refresh_from_db()
    assert account.strangers_locked_at is not None
    services.unlock(account=account, reason="rozmowa", by=SOMEBODY)
    assert post_login(Client(), account.user_name, PASSWORD, "127.0.1.30").status_code == 302


def test_source_that_must_wait_does_not_stop_the_owner_r47(owner: tuple[Client, Account]) -> None:
    client, account = owner
    for _try in range(5):
        post_login(Client(), readable(8), "nie to hasło")
    assert post_login(Client(), account.user_name, PASSWORD).status_code == 429
    assert post_login(client, account.user_name, PASSWORD).status_code == 302


def test_five_wrong_on_the_known_device_lock_everything_m8_3(owner: tuple[Client, Account]) -> None:
    client, account = owner
    pages = [post_login(client, account.user_name, "nie to hasło").content.decode() for _try in range(5)]
    assert [LOCKED in page for page in pages] == [False] * 4 + [True]
    account.refresh_from_db()
    assert (account.state, account.strangers_locked_at) == (Account.State.LOCKED, None)
    assert LOCKED in post_login(client, account.user_name, PASSWORD).content.decode()


def test_device_buckets_do_not_add_up_with_strangers_r47(owner: tuple[Client, Account]) -> None:
    client, account = owner
    for number in range(2, 6):
        post_login(Client(), account.user_name, "nie to hasło", ELSEWHERE.format(number))
        post_login(client, account.user_name, "nie to hasło")
    account.refresh_from_db()
    device = KnownDevice.objects.get(account=account)
    assert (account.state, account.wrong_passwords, device.wrong_passwords) == ("active", 4, 4)


def test_both_buckets_full_leave_nothing_open_r47(owner: tuple[Client, Account]) -> None:
    client, account = owner
    locked_by_strangers(account)
    for _try in range(5):
        post_login(client, account.user_name, "nie to hasło", "127.0.1.9")
    assert LOCKED in post_login(client, account.user_name, PASSWORD, "127.0.1.10").content.decode()


def test_wrong_codes_lock_known_devices_too_r40(owner: tuple[Client, Account]) -> None:
    client, account = owner
    services.lock(account=account, cause=locking.CODES, by=SOMEBODY)
    assert LOCKED in post_login(client, account.user_name, PASSWORD).content.decode()


def test_device_cookie_is_nothing_for_another_account_r47(owner: tuple[Client, Account]) -> None:
    client, _account = owner
    other = active_account()
    locked_by_strangers(other)
    assert LOCKED in post_login(client, other.user_name, PASSWORD, "127.0.1.9").content.decode()


@pytest.mark.parametrize("change", ["forged", "late"])
def test_device_cookie_is_signed_for_half_a_year_r47(owner: tuple[Client, Account], change: str) -> None:
    client, account = owner
    name = next(name for name in client.cookies if "device" in name)
    cookie = client.cookies[name]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 180 * 86400)
    if change == "forged":
        key = signing.TimestampSigner(salt=device_cookie.SALT).unsign(cookie.value)
        client.cookies[name] = signing.TimestampSigner(salt="x").sign(key)
    locked_by_strangers(account)
    days = 181 if change == "late" else 0
    with time_machine.travel(clock.now() + timedelta(days=days)):
        assert LOCKED in post_login(client, account.user_name, PASSWORD, "127.0.1.9").content.decode()


def test_device_cookie_skips_no_step(owner: tuple[Client, Account]) -> None:
    client, account = owner
    assert post_login(client, account.user_name, PASSWORD).url == "/login/code/"


def test_device_that_died_before_locking_is_locked_by_the_worker_r42(owner: tuple[Client, Account]) -> None:
    _client, account = owner
    KnownDevice.objects.update(wrong_passwords=5)
    assert services.lock_overdue() == 1
    account.refresh_from_db()
    assert (account.state, account.strangers_locked_at) == (Account.State.LOCKED, None)


# --- one mail a day ------------------------------------------------------------------------------


def test_locked_mail_at_most_once_a_day_r47() -> None:
    account = active_account()
    for _time in range(3):
        services.lock(account=account, cause=locking.PASSWORDS, by=ANYBODY)
        services.unlock(account=account, reason="rozmowa", by=SOMEBODY)
    assert [mail["subject"] for mail in outbox("mail") if "zablokowane" in mail["subject"]].__len__() == 1
    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=1)):
        services.lock(account=account, cause=locking.PASSWORDS, by=ANYBODY)
    assert len([mail for mail in outbox("mail") if "zablokowane" in mail["subject"]]) == 2


def test_known_password_is_told_although_the_lock_was_r40() -> None:
    account = active_account()
    services.lock(account=account, cause=locking.PASSWORDS, by=ANYBODY)
    services.unlock(account=account, reason="rozmowa", by=SOMEBODY)
    services.lock(account=account, cause=locking.CODES, by=ANYBODY)
    assert outbox("mail")[-1]["subject"] == "Ktoś zna Twoje hasło"


# --- longer codes --------------------------------------------------------------------------------


def test_code_after_a_burnt_one_has_six_digits_r40() -> None:
    account = active_account()
    login = started(account)
    assert len(last_code()) == 4
    for _try in range(3):
        with pytest.raises((WrongCode, CodeDead)):
            enter(login, wrong_code())
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        services.send_code(login=login, source="127.0.1.1", by=ANYBODY)
        assert len(last_code()) == 6
        enter(login, last_code())
        services.finish(login=Login.objects.get(pk=login.pk), by=ANYBODY)
        started(account)
        assert len(last_code()) == 4


def test_short_codes_are_compared_three_times_over_all_logins_r40() -> None:
    """Two logins begun at once have two short codes: together they buy no fourth guess at four digits."""
    account = active_account()
    first, second = started(account), started(account)
    for login in (first, second):
        with pytest.raises(WrongCode):
            enter(login, wrong_code())
    with pytest.raises(WrongCode):
        enter(first, wrong_code())
    with pytest.raises(CodeDead):
        enter(second, last_code())  # the right one
    account.refresh_from_db()
    assert (account.state, account.wrong_codes) == ("active", 3)


def test_code_page_names_the_length(client: Client) -> None:
    account = active_account(wrong_codes=1)
    post_login(client, account.user_name, PASSWORD)
    assert "6-cyfrowy" in client.get("/login/code/").content.decode()


def test_alarm_makes_codes_longer_t99(settings: SettingsWrapper) -> None:
    settings.ALARM_FAILURES_PER_5_MINUTES = 3
    for number in range(3):
        post_login(Client(), readable(8), "nie to hasło", ELSEWHERE.format(number))
    alarm = Alarm.objects.get()
    assert alarm.kind == "logins"
    started(active_account())
    assert len(last_code()) == 6
    assert AuditEvent.objects.filter(action="alarm.raised").count() == 1
    [mail] = outbox("mail")
    assert mail["to"] == settings.SUPPORT_EMAIL
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert services.watch_alarms() == 1
        started(active_account())
        assert len(last_code()) == 4


def test_alarm_counts_across_the_border_of_windows(settings: SettingsWrapper) -> None:
    settings.ALARM_FAILURES_PER_5_MINUTES = 10
    with time_machine.travel("2026-11-23T10:04:59Z", tick=False):
        for _failure in range(6):
            alarms.count_failure()
    with time_machine.travel("2026-11-23T10:05:01Z", tick=False):
        for _failure in range(6):
            alarms.count_failure()
        assert not Alarm.objects.exists()
        services.watch_alarms()
    assert Alarm.objects.filter(ended_at=None).count() == 1


def test_source_gate_has_no_border_r47() -> None:
    with time_machine.travel("2026-11-23T10:04:50Z", tick=False):
        for _try in range(10):
            assert limits.take_sliding("x", "y", limit=10, per=timedelta(minutes=5))
    with time_machine.travel("2026-11-23T10:05:10Z", tick=False):
        assert limits.take_sliding("x", "y", limit=10, per=timedelta(minutes=5)) is None
    with time_machine.travel("2026-11-23T10:09:00Z", tick=False):
        assert limits.take_sliding("x", "y", limit=10, per=timedelta(minutes=5))


# --- text messages -------------------------------------------------------------------------------


def test_breaker_trips_and_tells_r44(settings: SettingsWrapper) -> None:
    settings.CODES_PER_HOUR_ALL = 3
    for _account in range(3):
        started(active_account())
    login, _key = services.begin(account=active_account(), by=ANYBODY)
    with pytest.raises(BreakerTripped) as tripped:
        services.send_code(login=login, source="127.0.1.2", by=ANYBODY)
    assert 0 < tripped.value.retry_after <= 3601
    assert len(outbox("sms")) == 3
    assert Alarm.objects.get().kind == "texts"
    assert len(outbox("mail")) == 1


def test_breaker_follows_the_same_hour_of_the_days_before_r44(settings: SettingsWrapper) -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    for day in (1, 2):
        TextHour.objects.create(hour=hour - timedelta(days=day), sent=100 * day, most=500)
    TextHour.objects.create(hour=hour - timedelta(hours=1), sent=9000, most=9000)
    assert breaker.most_of(hour) == 5 * 150
    assert breaker.most_of(hour + timedelta(hours=3)) == settings.CODES_PER_HOUR_ALL == 100


@pytest.mark.parametrize("number", ["+4915112345678", "+48700123456"], ids=["foreign", "premium"])
def test_foreign_or_premium_number_makes_a_task_r44(number: str) -> None:
    account = active_account(mobile=number)
    patient = Patient.objects.create(
        family_name="Nowak", given_name="Ewa", account=account, created_at=clock.now(), updated_at=clock.now()
    )
    login, _key = services.begin(account=account, by=ANYBODY)
    with pytest.raises(NumberRefused):
        services.send_code(login=login, source="127.0.1.1", by=ANYBODY)
    assert outbox("sms") == []
    assert note_refused_numbers() == 1
    assert note_refused_numbers() == 0
    assert DeskTask.objects.get(patient=patient, done_at=None).kind == "number_refused"


def test_too_early_resend_is_429_with_a_sentence_r44(client: Client) -> None:
    account = active_account()
    post_login(client, account.user_name, PASSWORD)
    answer = client.post("/login/code/again/")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 31
    assert 'role="alert"' in answer.content.decode()
    assert client.get("/login/code/again/").url == "/login/code/"


# --- an owner unlocks ----------------------------------------------------------------------------


@pytest.fixture
def unlockable(settings: SettingsWrapper) -> Account:
    settings.SELF_UNLOCK = True
    account = active_account()
    locked_by_strangers(account)
    return account


def unlock_link() -> str:
    found = re.search(r"https?://[^/\s]+(/login/unlock/\S+/)", outbox("mail")[-1]["text"])
    assert found
    return found.group(1)


def test_owner_unlocks_by_link_and_code(client: Client, unlockable: Account) -> None:
    assert Message.objects.filter(channel="mail").latest("created_at").secret
    page = client.get(unlock_link(), follow=True)
    assert page.redirect_chain[-1][0] == "/login/unlock/"
    unlockable.refresh_from_db()
    assert unlockable.state == Account.State.LOCKED  # no GET changes anything
    client.post("/login/unlock/")
    assert client.post("/login/unlock/", {"code": last_code()}).url == "/login/"
    unlockable.refresh_from_db()
    assert (unlockable.state, unlockable.strangers_locked_at) == ("active", None)
    assert client.get("/account/contact/").status_code == 302  # it signs nobody in
    sign_in(Client(), unlockable)


def test_unlock_link_works_once(client: Client, unlockable: Account) -> None:
    address = unlock_link()
    client.get(address)
    client.post("/login/unlock/")
    client.post("/login/unlock/", {"code": last_code()})
    again = Client().get(address, follow=True)
    assert again.status_code == 404
    assert "+48 22 000 00 00" in again.content.decode()


def test_wrong_codes_at_the_unlocking_leave_it_to_support(client: Client, unlockable: Account) -> None:
    client.get(unlock_link())
    client.post("/login/unlock/")
    for _try in range(3):
        client.post("/login/unlock/", {"code": wrong_code()})
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        client.post("/login/unlock/again/")
        for _try in range(2):
            page = client.post("/login/unlock/", {"code": wrong_code()})
    assert LOCKED in page.content.decode()
    unlockable.refresh_from_db()
    assert (unlockable.state, unlockable.lock_cause) == ("locked", "codes")
    assert Client().get(unlock_link_of_lock(), follow=True).status_code == 404


def unlock_link_of_lock() -> str:
    texts = [mail["text"] for mail in outbox("mail") if "/login/unlock/" in mail["text"]]
    found = re.search(r"https?://[^/\s]+(/login/unlock/\S+/)", texts[-1])
    assert found
    return found.group(1)


def test_without_the_setting_there_is_no_link(client: Client) -> None:
    locked_by_strangers(active_account())
    assert "/login/unlock/" not in outbox("mail")[-1]["text"]
    assert client.get("/login/unlock/").status_code == 404


def test_code_lock_never_unlocks_itself(settings: SettingsWrapper) -> None:
    settings.SELF_UNLOCK = True
    services.lock(account=active_account(), cause=locking.CODES, by=ANYBODY)
    assert "/login/unlock/" not in outbox("mail")[-1]["text"]


def test_unlock_login_opens_no_step(client: Client, unlockable: Account) -> None:
    client.get(unlock_link())
    client.post("/login/unlock/")
    for path in ("/login/code/", "/login/information/", "/login/password/"):
        assert client.get(path).url == "/login/"


# --- reset while strangers are locked out -------------------------------------------------------


def test_reset_opens_nothing_that_is_locked_m8_6(owner: tuple[Client, Account]) -> None:
    client, account = owner
    locked_by_strangers(account)
    sign_in(client, account)
    client.post("/login/forgotten/", {"user_name": account.user_name})
    services.answer_requests()
    text = outbox("mail")[-1]["text"]
    assert "/login/reset/" not in text
    assert "+48 22 000 00 00" in text


def test_locked_account_cannot_finish_a_code_r40() -> None:
    account = active_account()
    login = started(account)
    services.lock(account=account, cause=locking.STAFF, by=SOMEBODY)
    with pytest.raises(AccountLocked):
        enter(login, last_code())


@pytest.mark.parametrize(
    "dead_end",
    [
        lambda: Client().get("/login/reset/"),
        lambda: [post_login(Client(), readable(8), "x") for _try in range(5)][-1],
        lambda: [post_login(Client(), "ABCDEFGH", "x", ELSEWHERE.format(n)) for n in range(6)][-1],
        lambda: [Client().post("/login/forgotten/", {"user_name": "x"}) for _try in range(11)][-1],
        lambda: [Client().post("/login/forgotten-name/", {"email": "a@b.pl"}) for _try in range(11)][-1],
        lambda: Client().get("/there-is-no-such-page/"),
        lambda: Client(enforce_csrf_checks=True).post("/login/", {}),
    ],
    ids=["dead link", "throttled", "locked", "resets", "names", "404", "csrf"],
)
def test_every_dead_end_shows_the_support_contact(dead_end: Callable[[], object]) -> None:
    answer = dead_end()
    main = re.sub(r"<footer.*?</footer>", "", answer.content.decode(), flags=re.S)  # type: ignore[attr-defined]
    assert "+48 22 000 00 00" in main
    if answer.status_code == 429:  # type: ignore[attr-defined]
        assert int(answer.headers["Retry-After"]) > 0  # type: ignore[attr-defined]
