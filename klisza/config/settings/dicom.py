"""The DICOM door."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from klisza.base.env import address

from .environment import env
from .place import DEMO, is_loopback


def _ae_title(text: str) -> str:
    if not 1 <= len(text) <= 16 or not text.isascii() or "\\" in text or text != text.strip():
        raise ValueError("must be 1 to 16 ASCII characters without backslash")
    return text


DICOM_BIND = env.typed("KLISZA_DICOM_BIND", "127.0.0.1:11112", address, about="C-STORE and C-ECHO")
AE_TITLE = env.typed("KLISZA_AE_TITLE", "KLISZA", _ae_title, about="our application entity title")
DICOM_OPEN = env.flag(
    "KLISZA_DICOM_OPEN", DEMO, about="accept unknown callers; refused on a non-loopback bind"
)
MAX_PDU = 262_144
MAX_ASSOCIATIONS = 64
MAX_ASSOCIATIONS_PER_SOURCE = 16
SILENT_SOCKET_SECONDS = 5
ASSOCIATION_IDLE_SECONDS = 60
MAX_INSTANCE_MB = env.whole(
    "KLISZA_MAX_INSTANCE_MB", 4096, least=1, most=65536, about="largest DICOM object accepted"
)

if DICOM_OPEN and not is_loopback(DICOM_BIND[0]):
    raise ImproperlyConfigured("KLISZA_DICOM_OPEN: refused while KLISZA_DICOM_BIND is not a loopback address")
