"""Run as a program by test_factors.py: many guesses at once on a real database file, and a process that dies."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
django.setup()
# ruff: noqa: E402

from django.db import connection

from klisza.accounts import services
from klisza.accounts.models import Account
from klisza.accounts.services.factors import totp
from klisza.base.errors import Refused
from tests.accounts.factors import code_of, with_app, wrong_code_of
from tests.accounts.people import ANYBODY, active_account

THREADS = 16


def race(tries: int) -> dict[str, object]:
    """Wrong codes and the right one, all at once; how many were compared, how many passed?"""
    account = active_account()
    secret, _codes = with_app(account)
    typed = [*[wrong_code_of(secret)] * (tries - 2), code_of(secret), code_of(secret)]
    random.shuffle(typed)
    compared: list[str] = []
    match = totp._match

    def counted(account: Account, text: str) -> object:
        compared.append(text)
        return match(account, text)

    totp._match = counted

    def one(text: str) -> bool:
        try:
            services.enter_totp(account=account, typed=text, login=None, by=ANYBODY)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        passed = sum(pool.map(one, typed))
    account.refresh_from_db()
    return {"compared": len(compared), "passed": passed, "wrong": account.wrong_codes, "state": account.state}


def die_while_comparing(user_name: str) -> None:
    """SIGKILL after the counter was raised, before the code was compared."""
    totp._match = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
    account = Account.objects.get(user_name=user_name)
    services.enter_totp(account=account, typed="123456", login=None, by=ANYBODY)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "race":
        print(json.dumps(race(int(rest[0]))))
    elif what == "account":
        account = active_account()
        secret, codes = with_app(account)
        print(json.dumps({"user_name": account.user_name, "secrets": [secret, *codes]}))
    elif what == "die":
        die_while_comparing(rest[0])
    elif what == "count":
        locked = services.lock_overdue()
        account = Account.objects.get(user_name=rest[0])
        print(json.dumps({"wrong": account.wrong_codes, "locked": locked, "state": account.state}))
