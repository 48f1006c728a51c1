"""Steps that the live tests of the login share."""

from __future__ import annotations

import re

from .farm import Browser, Farm

LOCKED = "Konto zostało zablokowane"
FRESH = "zielony parasol na strychu"


def begun(farm: Farm, account: dict[str, str], *, door: int = 0, number: int = 1) -> tuple[Browser, str]:
    """A browser at the code page, and the code that was sent."""
    browser = farm.browser(door=door)
    assert browser.log_in(account["user_name"]).headers["location"] == "/login/code/"
    return browser, farm.code(account, number=number)


def wrong(code: str, number: int = 1) -> str:
    return f"{(int(code) + number) % 10 ** len(code):0{len(code)}d}"


def may_ask_again(farm: Farm, account: dict[str, str]) -> None:
    """As if the 30, 60 or 120 seconds had passed."""
    farm.rows(
        "UPDATE accounts_login SET next_code_at = started_at WHERE account_id ="
        " (SELECT id FROM accounts_account WHERE user_name = ?)",
        account["user_name"],
    )


def audited(farm: Farm, account: dict[str, str], action: str) -> int:
    return int(
        farm.value(
            "SELECT count(*) FROM audit_auditevent WHERE action = ? AND CAST(objects_json AS TEXT) LIKE ?",
            action,
            f"%{account['id']}%",
        )
    )


def reset_link(farm: Farm, account: dict[str, str]) -> str:
    def newest() -> str:
        texts = [str(mail.get_body(("plain",)).get_content()) for mail in farm.portal.mails(account["email"])]  # type: ignore[union-attr]
        found = [link for text in texts for link in re.findall(r"https?://[^/\s]+(/login/reset/\S+/)", text)]
        return found[-1] if found else ""

    return farm.portal.wait_for(newest, what="the mail with the link")
