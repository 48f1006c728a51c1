from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from klisza.accounts.services.staff import ROLES, create_staff
from klisza.audit.actor import SYSTEM
from klisza.base.errors import Refused


class Command(BaseCommand):
    help = "staff create NAME --role ROLE...: a staff login; prints its temporary password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        create = parser.add_subparsers(dest="what", required=True).add_parser("create")
        create.add_argument("name", help="user name")
        create.add_argument("--role", nargs="+", required=True, choices=ROLES, help="what this person may do")
        create.add_argument("--mobile", default="", help="number that gets the login codes")
        create.add_argument("--email", default="", help="address for forgotten passwords")
        create.add_argument("--display-name", default="", help="name that patients read in their access log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            password = create_staff(
                user_name=options["name"],
                roles=options["role"],
                mobile=options["mobile"],
                email=options["email"],
                display_name=options["display_name"],
                by=SYSTEM,
            )
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        address = "http://{}:{}/staff/".format(*settings.STAFF_BIND)
        self.stdout.write(
            f"User name: {options['name']}\nTemporary password: {password}\nSign in at {address}"
        )
