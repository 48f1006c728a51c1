"""The HL7 v2 door (MLLP)."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from klisza.base.env import address

from .environment import env
from .place import DEMO, is_loopback

HL7_CHARSETS = ("UTF-8", "8859/2", "CP1250", "8859/1", "8859/5", "ASCII")


def _bind(text: str) -> tuple[str, int] | None:
    return address(text) if text else None


def _file(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise ValueError("must be the path of a file")
    return Path(text) if text else None


HL7_BIND = env.typed("KLISZA_HL7_BIND", "127.0.0.1:2575", address, about="HL7 v2 by MLLP")
HL7_TLS_BIND = env.typed("KLISZA_HL7_TLS_BIND", "", _bind, about="the same by TLS; empty = off")
TLS_CERT = env.typed("KLISZA_TLS_CERT", "", _file, about="certificate chain of the TLS ports (PEM)")
TLS_KEY = env.typed("KLISZA_TLS_KEY", "", _file, about="its private key (PEM)")
TLS_CLIENT_CA = env.typed(
    "KLISZA_TLS_CLIENT_CA", "", _file, about="authorities whose client certificates are required"
)
HL7_OPEN = env.flag(
    "KLISZA_HL7_OPEN", DEMO, about="accept senders that are not on the list; refused on a non-loopback bind"
)
HL7_CHARSET = env.choice(
    "KLISZA_HL7_CHARSET", "UTF-8", HL7_CHARSETS, about="charset of messages with an empty MSH-18"
)
HL7_IGNORE_UNKNOWN = env.flag(
    "KLISZA_HL7_IGNORE_UNKNOWN",
    False,
    about="answer AA to message types the portal has no use for; otherwise AR 200",
)
HL7_FRAME_MB = env.whole(
    "KLISZA_HL7_FRAME_MB",
    64,
    least=1,
    most=1024,
    about="largest message of a sender without a limit of its own",
)
HL7_CONNECTIONS = 64
HL7_CONNECTIONS_PER_SOURCE = 32
HL7_FRAME_SECONDS = (
    30  # from the start block to the end block; between messages a connection may idle for days
)
HL7_APPLY_SECONDS = 5  # longer than this an answer does not wait for the message's effect

if HL7_OPEN and not is_loopback(HL7_BIND[0]):
    raise ImproperlyConfigured("KLISZA_HL7_OPEN: refused while KLISZA_HL7_BIND is not a loopback address")
if HL7_TLS_BIND and not (TLS_CERT and TLS_KEY):
    raise ImproperlyConfigured("KLISZA_TLS_CERT, KLISZA_TLS_KEY: required with KLISZA_HL7_TLS_BIND")
