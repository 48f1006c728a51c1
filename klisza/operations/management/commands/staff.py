from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from klisza.accounts.models import Account
from klisza.accounts.queries import by_user_name
from klisza.accounts.services import ROLES, create_staff, reset_factors
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused


class Command(BaseCommand):
    help = "staff create | reset: a staff login; prints its temporary password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        reset = what.add_parser(
            "reset", help="phone or key lost: removes all factors, new temporary password"
        )
        reset.add_argument("name", help="user name")
        reset.add_argument(
            "--reason", required=True, help="how you made sure who is asking; kept in the audit"
        )
        create = what.add_parser("create")
        create.add_argument("name", help="user name")
        create.add_argument("--role", nargs="+", required=True, choices=ROLES, help="what this person may do")
        create.add_argument("--mobile", default="", help="number that gets the login codes")
        create.add_argument("--email", default="", help="address for forgotten passwords")
        create.add_argument("--display-name", default="", help="name that patients read in their access log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            password = _reset(options) if options["what"] == "reset" else _create(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        address = f"{settings.STAFF_URL}/staff/"
        self.stdout.write(
            f"User name: {options['name']}\nTemporary password: {password}\nSign in at {address}"
        )


def _create(options: dict[str, Any]) -> str:
    return create_staff(
        user_name=options["name"],
        roles=options["role"],
        mobile=options["mobile"],
        email=options["email"],
        display_name=options["display_name"],
        by=SYSTEM,
    )


def _reset(options: dict[str, Any]) -> str:
    account = by_user_name(options["name"], kind=Account.Kind.STAFF)
    if account is None:
        raise CommandError(f"There is no member of staff named {options['name']}.")
    return reset_factors(account=account, reason=options["reason"], by=SYSTEM)
