from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from klisza.accounts.models import Account
from klisza.accounts.queries import by_user_name, staff
from klisza.accounts.services import ROLES, close_staff, create_staff, reset_factors
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused


class Command(BaseCommand):
    help = "staff create | reset | close | list: who may sign in to the staff pages."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        reset = what.add_parser(
            "reset", help="phone or key lost: removes all factors, new temporary password"
        )
        reset.add_argument("name", help="user name")
        reset.add_argument(
            "--reason", required=True, help="how you made sure who is asking; kept in the audit"
        )
        close = what.add_parser("close", help="somebody has left: nothing opens the account again")
        close.add_argument("name", help="user name, as `klisza staff list` prints it")
        close.add_argument("--reason", required=True, help="kept in the audit")
        what.add_parser("list", help="user name, name, roles, state, and where the account signs in")
        create = what.add_parser("create")
        create.add_argument("name", help="user name")
        create.add_argument("--role", nargs="+", required=True, choices=ROLES, help="what this person may do")
        create.add_argument("--mobile", default="", help="number that gets the login codes")
        create.add_argument("--email", default="", help="address for forgotten passwords")
        create.add_argument("--display-name", default="", help="name that patients read in their access log")
        create.add_argument(
            "--emergency", action="store_true", help="signs in here although KLISZA_STAFF_LOCAL_LOGIN=0"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "list":
            self.stdout.writelines(_row(account) for account in staff())
            return
        if options["what"] == "close":
            close_staff(account=_named(options), reason=options["reason"], by=SYSTEM)
            return
        try:
            password = _reset(options) if options["what"] == "reset" else _create(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        address = f"{settings.STAFF_URL}/staff/"
        if not password:
            self.stdout.write(
                f"Passkeys and apps removed. {options['name']} signs in with the hospital account."
            )
            return
        self.stdout.write(
            f"User name: {options['name']}\nTemporary password: {password}\nSign in at {address}"
        )


def _row(account: Account) -> str:
    roles = ",".join(sorted(role.role for role in account.roles.all()))
    by = "provider" if hasattr(account, "identity") else "emergency" if account.is_emergency else "portal"
    return "\t".join([account.user_name, account.display_name, roles or "-", account.state, by])


def _named(options: dict[str, Any]) -> Account:
    account = by_user_name(options["name"], kind=Account.Kind.STAFF)
    if account is None:
        raise CommandError(f"There is no member of staff named {options['name']}.")
    return account


def _create(options: dict[str, Any]) -> str:
    return create_staff(
        user_name=options["name"],
        roles=options["role"],
        mobile=options["mobile"],
        email=options["email"],
        display_name=options["display_name"],
        is_emergency=options["emergency"],
        by=SYSTEM,
    )


def _reset(options: dict[str, Any]) -> str:
    return reset_factors(account=_named(options), reason=options["reason"], by=SYSTEM)
