"""Sessions: new names at each step, dead when they must be (R31, R39, R49, R59)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings

from klisza.accounts import services
from klisza.accounts.models import Account, Session
from klisza.accounts.services.revocation import subject_of
from klisza.archive import tickets
from klisza.base import clock
from klisza.base.ids import new_id
from klisza.patients import services as patients
from tests.accounts.people import ANYBODY, PASSWORD, SOMEBODY, active_account, last_code, post_login, sign_in
from tests.config.test_settings import start

pytestmark = pytest.mark.django_db
INSIDE = "/account/contact/"


def cookie(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def is_inside(client: Client) -> bool:
    return client.get(INSIDE).status_code == 200


@pytest.fixture
def account() -> Account:
    return active_account()


def test_session_is_renamed_at_both_steps_r49(client: Client, account: Account) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    post_login(client, account.user_name, PASSWORD)
    after_password = cookie(client)
    client.post("/login/code/", {"code": last_code()})
    assert len({"a" * 32, after_password, cookie(client)}) == 3
    assert is_inside(client)


def test_cookie_of_the_first_step_opens_nothing_r49(client: Client, account: Account) -> None:
    post_login(client, account.user_name, PASSWORD)
    half = cookie(client)
    client.post("/login/code/", {"code": last_code()})
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = half
    assert not is_inside(thief)


def test_logout_ends_the_session_and_clears_r59(client: Client, account: Account) -> None:
    sign_in(client, account)
    old = cookie(client)
    answer = client.post("/logout/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = old
    assert not is_inside(thief)


def test_logout_by_get_does_nothing_r16(client: Client, account: Account) -> None:
    sign_in(client, account)
    assert client.get("/logout/").status_code == 405
    assert is_inside(client)


def test_pages_inside_are_never_kept_r59(client: Client, account: Account) -> None:
    sign_in(client, account)
    assert "no-store" in client.get(INSIDE).headers["Cache-Control"]


@pytest.mark.parametrize("event", ["password", "lock", "end_sessions", "end_one", "end_others", "close"])
def test_other_sessions_die_with_the_event_r49(client: Client, account: Account, event: str) -> None:
    sign_in(client, account)
    if event == "password":
        services.change_password(account=account, old=PASSWORD, new="zupełnie inne słowa", by=ANYBODY)
    elif event == "lock":
        services.lock(account=account, cause="staff", by=SOMEBODY)
    elif event == "end_one":
        services.end_session(
            account=account, row_key=Session.objects.get(account=account).session_key, by=ANYBODY
        )
    elif event == "end_others":
        services.end_other_sessions(account=account, kept="another browser", by=ANYBODY)
    elif event == "close":
        wish = services.ask_to_close(account=account, by=ANYBODY)
        patients.close_asked(request_id=wish.pk, by=SOMEBODY)
    else:
        services.end_sessions(account=account, by=SOMEBODY)
    assert not is_inside(client)


def test_pictures_end_with_the_one_device_r49(client: Client, account: Account) -> None:
    """Its own tickets die; those of the owner's other browser live on."""
    sign_in(client, account)
    key = client.session.session_key or ""
    ended = tickets.issue(holder=str(account.pk), study_ids=[new_id()], session=key)
    kept = tickets.issue(holder=str(account.pk), study_ids=[new_id()], session="another browser")
    services.end_session(account=account, row_key=subject_of(key), by=ANYBODY)
    tickets._revocations = tickets._Revocations()
    with pytest.raises(tickets.TicketRefused):
        tickets.check(ended)
    tickets.check(kept)


@override_settings(SESSION_COOKIE_NAME="__Host-session", SESSION_COOKIE_SECURE=True)
def test_cookie_keeps_the_rules_of_its_prefix_r49(client: Client, account: Account) -> None:
    """RFC 6265bis 4.1.3.2: Secure, Path=/, no Domain; and HttpOnly, SameSite=Lax, 256 bits."""
    answer = post_login(client, account.user_name, PASSWORD)
    written = answer.cookies["__Host-session"]
    assert (written["secure"], written["httponly"], written["samesite"]) == (True, True, "Lax")
    assert (written["path"], written["domain"]) == ("/", "")
    assert len(written.value) >= 43


@pytest.mark.parametrize(("listener", "name"), [("", "__Host-session"), ("staff", "__Host-staff")])
def test_cookies_have_the_host_prefix_with_https_r49(tmp_path: Path, listener: str, name: str) -> None:
    told = start(
        tmp_path,
        KLISZA_SUPPORT_EMAIL="pomoc@szpital.example",
        KLISZA_PUBLIC_URL="https://portal.szpital.example",
        **({"KLISZA_LISTENER": listener} if listener else {}),
    ).stdout
    assert f"SESSION_COOKIE_NAME = '{name}'" in told
    assert f"CSRF_COOKIE_NAME = '{name}-csrf'" in told
    assert "SESSION_COOKIE_SECURE = True" in told


def test_own_session_survives_the_password_change(client: Client, account: Account) -> None:
    sign_in(client, account)
    other = Client()
    sign_in(other, account)
    old = cookie(client)
    answer = client.post(
        "/account/password/",
        {
            "old_password": PASSWORD,
            "new_password": "zupełnie inne słowa",
            "new_password_again": "zupełnie inne słowa",
        },
    )
    assert answer.status_code == 302
    assert is_inside(client)
    assert cookie(client) != old
    assert not is_inside(other)


def test_idle_session_ends_after_fifteen_minutes_l17(client: Client, account: Account) -> None:
    sign_in(client, account)
    with time_machine.travel(clock.now() + timedelta(minutes=14), tick=False):
        assert is_inside(client)
    with time_machine.travel(clock.now() + timedelta(minutes=29, seconds=1), tick=False):
        assert not is_inside(client)
        assert "15 minut" in client.get("/login/").content.decode()


def test_session_ends_after_twelve_hours_at_most(client: Client, account: Account) -> None:
    sign_in(client, account)
    start = clock.now()
    for quarter in range(1, 48):
        with time_machine.travel(start + timedelta(minutes=14.9 * quarter), tick=False):
            assert is_inside(client)
    with time_machine.travel(start + timedelta(hours=12, seconds=1), tick=False):
        assert not is_inside(client)


@override_settings(LISTENER="staff")
def test_cookie_of_a_patient_is_nothing_on_the_staff_listener(client: Client, account: Account) -> None:
    with override_settings(LISTENER="public"):
        sign_in(client, account)
    assert client.get("/account/password/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "/\t//evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
    ],
)
def test_next_never_leaves_the_site_r31(client: Client, account: Account, path: str) -> None:
    post_login(client, account.user_name, PASSWORD, next=path)
    assert client.post("/login/code/", {"code": last_code()}).url == "/examinations/"


def test_deep_link_survives_the_login(client: Client, account: Account) -> None:
    asked = client.get("/account/contact/?from=mail")
    assert asked.url == "/login/?next=%2Faccount%2Fcontact%2F%3Ffrom%3Dmail"
    assert 'name="next" value="/account/contact/?from=mail"' in client.get(asked.url).content.decode()
    post_login(client, account.user_name, PASSWORD, next="/account/contact/?from=mail")
    assert client.post("/login/code/", {"code": last_code()}).url == "/account/contact/?from=mail"


def test_second_login_in_one_browser_ends_the_first(client: Client, account: Account) -> None:
    sign_in(client, account)
    post_login(client, active_account().user_name, PASSWORD)
    assert not is_inside(client)


def test_scripts_get_401_in_place_of_the_login_page(client: Client) -> None:
    assert client.get(INSIDE, headers={"Accept": "application/json"}).status_code == 401
