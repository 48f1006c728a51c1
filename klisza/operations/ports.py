"""Are the addresses free that we want to listen on?"""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from django.conf import settings


def listeners() -> dict[str, tuple[str, int]]:
    """Variable name -> (host, port) of everything `klisza up` listens on."""
    return {
        "KLISZA_WEB_BIND": settings.WEB_BIND,
        "KLISZA_STAFF_BIND": settings.STAFF_BIND,
        "KLISZA_METRICS_BIND": settings.METRICS_BIND,
        "KLISZA_DICOM_BIND": settings.DICOM_BIND,
        "KLISZA_HL7_BIND": settings.HL7_BIND,
        **({"KLISZA_HL7_TLS_BIND": settings.HL7_TLS_BIND} if settings.HL7_TLS_BIND else {}),
    }


def fault(bind: tuple[str, int]) -> str:
    """Why we cannot listen there; '' when we can."""
    host, port = bind
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as refused:
        return f"cannot listen on {host}:{port} ({refused.strerror or type(refused).__name__})"
    return ""


def all_answer() -> bool:
    """Does everything that `klisza up` starts do its work?"""
    return _serves(settings.WEB_BIND) and all(accepts(bind) for bind in listeners().values())


def accepts(bind: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(bind, timeout=1):
            return True
    except OSError:
        return False


def _serves(bind: tuple[str, int]) -> bool:
    """granian accepts connections before its workers have loaded: only an answer counts."""
    host, port = bind
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    request = urllib.request.Request(
        f"http://{place}/readyz", headers={"Host": urlsplit(settings.PUBLIC_URL).netloc}
    )
    try:
        with urllib.request.urlopen(request, timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
