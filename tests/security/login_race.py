"""Run as a program by test_login_races.py: many tries at once on a real database file."""

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
from klisza.accounts.models import Account, Bucket, Code, Login
from klisza.accounts.services import codes, limits, passwords
from klisza.base.errors import Refused
from tests.accounts.people import ANYBODY, active_account, last_code

THREADS = 16


def race_codes(tries: int) -> dict[str, int]:
    """All codes at once, the right one among them; how many were compared?"""
    login, _key = services.begin(account=active_account(), by=ANYBODY)
    services.send_first_code(login=login, source=str(os.getpid()), by=ANYBODY)
    right = int(last_code())
    compared: list[str] = []

    def same(left: str, other: str) -> bool:
        compared.append(other)
        return left == other

    codes.sealing.same = same
    order = list(range(tries))
    random.shuffle(order)

    def one(number: int) -> bool:
        try:
            services.enter_code(
                login=Login.objects.get(pk=login.pk),
                typed=f"{(right + number) % 10000:04d}",
                by=ANYBODY,
            )
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        passed = sum(pool.map(one, order))
    account = Account.objects.get(pk=login.account_id)
    tries_kept = Code.objects.get(login=login).tries
    return {"compared": len(compared), "tries": tries_kept, "passed": passed, "wrong": account.wrong_codes}


def race_bucket(tries: int, limit: int) -> dict[str, int]:
    def one(_number: int) -> bool:
        try:
            return limits.take("race", "x", limit=limit, per=codes.DAY) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        taken = sum(pool.map(one, range(tries)))
    return {"taken": taken, "count": Bucket.objects.get(key=limits.key_of("race", "x")).count}


def die_while_comparing(user_name: str) -> None:
    """SIGKILL after the counter was raised, before the password was compared."""
    passwords.matches = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    services.enter_password(
        user_name=user_name, password="nie to", kind="patient", source=str(os.getpid()), by=ANYBODY
    )


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "codes":
        print(json.dumps(race_codes(int(rest[0]))))
    elif what == "bucket":
        print(json.dumps(race_bucket(int(rest[0]), int(rest[1]))))
    elif what == "account":
        print(json.dumps({"user_name": active_account().user_name}))
    elif what == "die":
        die_while_comparing(rest[0])
    elif what == "count":
        locked = services.lock_overdue()
        account = Account.objects.get(user_name=rest[0])
        print(json.dumps({"wrong": account.wrong_passwords, "locked": locked, "state": account.state}))
