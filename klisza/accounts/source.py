"""Where a request comes from: the address limits count by, and a coarse word for the browser."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

SHOWN_NETWORK = {4: 24, 6: 48}  # a provider's piece: tells one's own network from another, names no place
IPV6_NETWORK = 64  # one household or telephone; its addresses change by the minute (R39)
# First match wins: Edge, Opera and Samsung also call themselves Chrome, and Chrome calls itself Safari.
FAMILIES = (
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def client_ip(request: HttpRequest) -> str:
    """The caller, or behind a trusted proxy the rightmost address that is not a trusted proxy itself.

    X-Forwarded-For of anybody else is ignored: every caller can write it.
    """
    hop = _address(request.META.get("REMOTE_ADDR", ""))
    forwarded = [_address(part) for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while hop and is_trusted(hop) and forwarded:
        before = forwarded.pop()
        if not before:
            break
        hop = before
    return hop


def is_trusted(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return any(ip in ipaddress.ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)


def network(request: HttpRequest) -> str:
    """What the limits count: the address in IPv4, its /64 in IPv6."""
    address = client_ip(request)
    if not address or ipaddress.ip_address(address).version == 4:
        return address
    return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))


def prefix(request: HttpRequest) -> str:
    """What the owner is shown and what is kept of a session: '83.21.14.0/24', '2a02:a31f:e043::/48'."""
    address = client_ip(request)
    if not address:
        return ""
    bits = SHOWN_NETWORK[ipaddress.ip_address(address).version]
    return str(ipaddress.ip_network((address, bits), strict=False))


def client_family(request: HttpRequest) -> str:
    """'Firefox, Android': enough to recognise one's own device in the access log, too little for a
    fingerprint.
    """
    header = request.META.get("HTTP_USER_AGENT", "")
    words = [next((name for mark, name in table if mark in header), "") for table in (FAMILIES, SYSTEMS)]
    return ", ".join(word for word in words if word)


def _address(text: str) -> str:
    """The address without port and brackets; IPv4 in IPv6 clothing as IPv4; empty if it is none."""
    bare = text.strip().removeprefix("[").partition("]")[0]
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ipaddress.ip_address(bare)
    except ValueError:
        return ""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)
