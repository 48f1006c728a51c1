"""A text-message provider that takes connections and says nothing: the login pages do not notice (R44, L15)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from .farm import Farm, standing

PAGE_SECONDS = 5.0  # one exchange with the provider takes longer before it is given up
LOGINS = 8  # twice the senders


@pytest.fixture
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"webhook+http://127.0.0.1:{silent.getsockname()[1]}/sms"
        with standing(tmp_path_factory.mktemp("silent"), KLISZA_SMS_URL=url) as farm:
            yield farm


@pytest.mark.long
def test_silent_provider_stalls_no_login_page_r44(farm: Farm) -> None:
    """Pages stay quick, codes too old are dropped unsent, mails go on."""
    accounts = farm.accounts(LOGINS)
    browsers = [farm.browser(door=number) for number in range(LOGINS)]
    for browser, account in zip(browsers, accounts, strict=True):
        browser.token()
        began = time.monotonic()
        assert browser.log_in(account["user_name"]).headers["location"] == "/login/code/"
        assert browser.get("/login/code/").status_code == 200
        assert time.monotonic() - began < PAGE_SECONDS
    farm.browser().post("/login/forgotten/", user_name=accounts[0]["user_name"])
    farm.portal.wait_for(lambda: farm.mails(accounts[0]), what="the mail")

    def all_dropped() -> bool:
        rows = farm.rows("SELECT state FROM notifications_message WHERE kind = 'code'")
        return len(rows) == LOGINS and {row[0] for row in rows} == {"expired"}

    farm.portal.wait_for(all_dropped, seconds=120, what="the late codes to be dropped")
