"""To whom a passkey is bound: one name and one origin per listener, from the settings, never from the request."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from fido2.server import Fido2Server
from fido2.webauthn import AttestationConveyancePreference, PublicKeyCredentialRpEntity


@dataclass(frozen=True)
class Party:
    """id: the host name passkeys are kept under; origin: the only address whose answers count."""

    id: str
    origin: str


def party() -> Party | None:
    """None when the portal is reached by a bare address: browsers make no passkeys for those.

    A loopback address counts as `localhost`, so that passkeys can be tried out on one's own machine.
    """
    address = settings.STAFF_URL if settings.LISTENER == "staff" else settings.PUBLIC_URL
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return Party(host, address)
    if not ip.is_loopback:
        return None
    return Party("localhost", f"{parts.scheme}://localhost" + (f":{parts.port}" if parts.port else ""))


def server(of: Party) -> Fido2Server:
    """Our page inside a foreign frame or another listener's page has another origin and is refused."""
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=of.id, name=settings.PORTAL_NAME),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == of.origin,
    )
