"""Logs: one JSON record a line, so that no input can forge a second one (R37)."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# What follows these words in an address opens something: reset links, shares, image tickets (architecture.md 2).
SECRET_PATH = re.compile(r"/(login/reset|login/unlock|s|dicom-web/t|dicom-web/studies)/[^/\s\"']+")
# What a provider of identities puts into the way back: a code and the state it belongs to.
SECRET_QUERY = re.compile(r"(/login/(?:provider|identity)/back/)\?[^\s\"']+")


def without_secrets(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Addresses that carry a token or a UID are logged as /login/reset/- and the like."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SECRET_QUERY.sub(r"\1", SECRET_PATH.sub(r"/\1/-", value))
    return event


def without_values(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of an exception its class and where it came from; a database's message may quote the row."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, tuple) and exc_info[0] is not None:
        event["exception"] = "".join(traceback.format_tb(exc_info[2])) + exc_info[0].__name__
    return event


def configure(_: dict[str, Any]) -> None:
    """Called by Django (LOGGING_CONFIG)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            without_values,
            without_secrets,
            structlog.processors.JSONRenderer(),
        ],
    ))  # fmt: skip
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("pynetdicom").setLevel(logging.ERROR)  # its messages carry titles and UIDs
    logging.getLogger("pydicom").setLevel(logging.ERROR)
    logging.getLogger("django.request").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
