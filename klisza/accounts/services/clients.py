"""Hospital machines that speak DICOMweb: a bearer token, shown once, kept as digest (R72)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.models import MachineClient
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, ids
from klisza.base.errors import NotFound, Refused

# Which scopes exist is the business of the doors that ask for them; here only their written form is checked.
SCOPE = re.compile(r"[a-z][a-z0-9.:/*_-]{0,63}")


def create_client(*, name: str, scopes: Sequence[str], issuer: str, by: Actor) -> str:
    """Returns the token. Raises Refused for a malformed scope or a taken name."""
    if not name.strip() or not scopes or not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise Refused(_("Give a name and at least one scope."))
    token = ids.token()
    try:
        with transaction.atomic():
            client = MachineClient.objects.create(
                name=name.strip(),
                digest=queries.client_digest(token),
                scopes=list(dict.fromkeys(scopes)),
                issuer=issuer,
                created_at=clock.now(),
            )
            record("client.created", by=by, objects=[client])
    except IntegrityError:
        raise Refused(_("This name is taken.")) from None
    return token


@transaction.atomic
def revoke_client(*, name: str, by: Actor) -> None:
    """Dead at its next request. Raises NotFound."""
    client = MachineClient.objects.filter(name=name, revoked_at=None).first()
    if client is None:
        raise NotFound(_("There is no such client."))
    client.revoked_at = clock.now()
    client.save(update_fields=["revoked_at"])
    record("client.revoked", by=by, objects=[client])
