"""Who may send: application entity title and network address together (R02). A title alone proves nothing."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from klisza.archive.errors import NoSuchPeer, PeerExists
from klisza.archive.models import Peer, RefusedAssociation
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.base.sealing import seal, unseal
from klisza.standards.dicom.text import encoding_of

from .associations import printable

# A stranger who tries in a loop must not fill the tables.
REFUSALS_PER_MINUTE = 10
STOW_PURPOSE = "archive.peer.stow"


@transaction.atomic
def add_peer(
    *,
    name: str,
    ae_title: str,
    address: str,
    by: Actor,
    port: int | None = None,
    issuer: str = "",
    charset: str = "",
    report_titles: Sequence[str] | None = None,
    stow_url: str = "",
    stow_user: str = "",
    stow_secret: str = "",
) -> Peer:
    """Allow `ae_title` from `address` (one address or a network in CIDR form) to send.

    issuer: of patient ids in objects that name none. charset: SpecificCharacterSet of its unlabelled text, or a
    code page such as windows-1250. report_titles: titles or concept codes of the encapsulated PDF and SR objects
    that are reports for the patient; [] = none of them, None = all. stow_url: where it takes images by DICOMweb;
    stow_secret: the password of stow_user there, or without a user a bearer token. It is kept sealed.
    Raises PeerExists, Refused (malformed address or title, unknown charset).
    """
    if not all(encoding_of(term) for term in charset.split("\\") if term):
        raise Refused("the character set must be a DICOM term such as ISO_IR 101 or a code page")
    if not 1 <= len(ae_title) <= 16 or not ae_title.isascii() or "\\" in ae_title:
        raise Refused("an AE title has 1 to 16 ASCII characters without backslash")
    try:
        network = ipaddress.ip_network(address, strict=False)
    except ValueError:
        raise Refused("the address must be one address or a network such as 10.1.2.0/24") from None
    try:
        with transaction.atomic():
            peer = Peer.objects.create(
                name=name, ae_title=ae_title.strip(), address=_shortest(network), port=port, issuer=issuer,
                charset=charset, created_at=clock.now(), stow_url=stow_url.rstrip("/").removesuffix("/studies"),
                stow_sealed=_sealed(stow_url, stow_user, stow_secret),
                report_titles=None if report_titles is None else [title.strip() for title in report_titles],
            )  # fmt: skip
    except IntegrityError:
        raise PeerExists("there is a peer of this name already") from None
    record("peer.added", by=by, objects=[peer])
    return peer


def _sealed(url: str, user: str, secret: str) -> bytes:
    """Of the header Authorization (RFC 7617, RFC 6750); empty without a secret."""
    if urlsplit(url).username is not None:
        raise Refused("the address must not contain a name or password: they have fields of their own")
    if not (user or secret):
        return b""
    if not (url and secret) or ":" in user or not (user + secret).isprintable():
        raise Refused("a DICOMweb address, and a password or token of printable characters, belong together")
    if user:
        return seal(b"Basic " + b64encode(f"{user}:{secret}".encode()), purpose=STOW_PURPOSE)
    if not secret.isascii() or " " in secret:
        raise Refused("a token is one word of plain characters")
    return seal(f"Bearer {secret}".encode(), purpose=STOW_PURPOSE)


def authorization_of(peer: Peer) -> str:
    """What its DICOMweb service wants as Authorization; empty = nothing. Raises SealBroken."""
    sealed = bytes(peer.stow_sealed)
    return unseal(sealed, purpose=STOW_PURPOSE).decode() if sealed else ""


@transaction.atomic
def remove_peer(*, name: str, by: Actor) -> None:
    """Raises NoSuchPeer."""
    peer = Peer.objects.filter(name=name).first()
    if peer is None:
        raise NoSuchPeer("there is no peer of this name")
    record("peer.removed", by=by, objects=[peer])
    peer.delete()


def peers() -> list[Peer]:
    return list(Peer.objects.order_by("name"))


def find_peer(*, ae_title: str, address: str) -> Peer | None:
    """The peer that has this title at this address; the narrowest network when several match."""
    caller = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped:
        caller = caller.ipv4_mapped
    matching = [
        (network.prefixlen, peer)
        for peer in Peer.objects.filter(ae_title=ae_title)
        if caller in (network := ipaddress.ip_network(peer.address))
    ]
    return max(matching, key=lambda pair: pair[0])[1] if matching else None


@transaction.atomic
def record_refusal(*, calling_ae_title: str, called_ae_title: str, address: str, reason: str) -> None:
    """One row for the integration engineer, one for the audit; a storm leaves only the first few."""
    moment = clock.now()
    recent = RefusedAssociation.objects.filter(address=address, at__gt=moment - timedelta(minutes=1))
    if recent.count() >= REFUSALS_PER_MINUTE:
        return
    row = RefusedAssociation.objects.create(
        at=moment, calling_ae_title=printable(calling_ae_title), called_ae_title=printable(called_ae_title),
        address=address, reason=reason,
    )  # fmt: skip
    record(
        "association.refused",
        by=Actor("machine", source_ip=address),
        objects=[row],
        outcome="refused",
        reason=reason,
    )


def _shortest(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)
