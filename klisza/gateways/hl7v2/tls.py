"""The certificate of our TLS port, and the name in a sender's."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from django.conf import settings


def server_context() -> ssl.SSLContext:
    """With KLISZA_TLS_CLIENT_CA a sender must show a certificate of these authorities. Raises OSError, SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(settings.TLS_CERT), str(settings.TLS_KEY))
    if settings.TLS_CLIENT_CA:
        context.load_verify_locations(settings.TLS_CLIENT_CA)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def common_name(shown: Mapping[str, Any] | None) -> str:
    """CN of the certificate that was shown and checked; "" without one."""
    subject: tuple[tuple[tuple[str, str], ...], ...] = (shown or {}).get("subject", ())
    return next((value for group in subject for key, value in group if key == "commonName"), "")
