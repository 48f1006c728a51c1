"""Where things lie and under which address they answer."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from klisza.base.env import address

from .environment import env

DATA_DIR = Path(env.text("KLISZA_DATA_DIR", "./var", about="everything the embedded default keeps")).resolve()
# A data folder that was made by `up --demo` stays a demo for every later command on it.
DEMO = env.flag(
    "KLISZA_DEMO",
    (DATA_DIR / "demo").exists(),
    about="set by `klisza up --demo`: fictitious hospital, /demo/ pages, open DICOM port",
)


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path not in ("", "/")
        or parts.query
    ):
        raise ValueError("must be http(s)://HOST[:PORT] without a path")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(
            "http is accepted for loopback only; put a TLS proxy in front and give its https address"
        )
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _storage(text: str) -> str:
    if not text.startswith("file:///"):
        raise ValueError("must be file:///FOLDER")
    return text


def _database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")
    return text


LISTENER = env.choice(
    "KLISZA_LISTENER",
    "public",
    ("public", "staff"),
    about="set by `klisza up` and `klisza web` for the servers: which addresses this process answers",
)
ROLE = env.choice(
    "KLISZA_ROLE",
    "command",
    ("command", "web", "worker", "dicom", "hl7"),
    about="set by `klisza up` and `klisza web` for their processes",
)
PUBLIC_URL = env.typed(
    "KLISZA_PUBLIC_URL",
    "http://127.0.0.1:8000",
    _public_url,
    about="address patients use; all links derive from it",
)
STORAGE_URL = env.typed(
    "KLISZA_STORAGE_URL", f"file://{DATA_DIR}/blobs", _storage, about="where images and documents lie"
)
DATABASE_URL = env.typed(
    "KLISZA_DATABASE_URL",
    f"sqlite:///{DATA_DIR}/klisza.sqlite3",
    _database,
    about="sqlite:///PATH or postgresql://...",
)
WEB_BIND = env.typed("KLISZA_WEB_BIND", "127.0.0.1:8000", address, about="public listener")
STAFF_BIND = env.typed(
    "KLISZA_STAFF_BIND", "127.0.0.1:8001", address, about="staff listener: /staff/ answers there only"
)
STAFF_URL = env.typed(
    "KLISZA_STAFF_URL",
    "http://{}:{}".format(*STAFF_BIND),
    lambda text: text if text == "http://{}:{}".format(*STAFF_BIND) else _public_url(text),
    about="address staff type; their passkeys are bound to it",
)
WEB_PROCESSES = env.whole(
    "KLISZA_WEB_PROCESSES", 2, least=1, most=64, about="processes of the public listener"
)
METRICS_BIND = env.typed(
    "KLISZA_METRICS_BIND", "127.0.0.1:8002", address, about="/metrics, /healthz, /readyz"
)
TRUSTED_PROXIES = tuple(part.strip() for part in env.text("KLISZA_TRUSTED_PROXIES", "", about="addresses whose X-Forwarded-For counts, with commas").split(",") if part.strip())  # fmt: skip

for _proxy in TRUSTED_PROXIES:
    try:
        ipaddress.ip_network(_proxy, strict=False)
    except ValueError:
        raise ImproperlyConfigured(
            "KLISZA_TRUSTED_PROXIES: must be addresses or networks with commas"
        ) from None


def _secret_key() -> str:
    """Given, or for the embedded default made once in the data folder."""
    given = env.text(
        "KLISZA_SECRET_KEY",
        "",
        about="at least 50 characters; made once in the data folder for the embedded default",
    )
    if given:
        if len(given) < 50 or len(set(given)) < 10:
            raise ImproperlyConfigured(
                "KLISZA_SECRET_KEY: must have at least 50 characters, not a repeated few"
            )
        return given
    if not DATABASE_URL.startswith("sqlite:"):
        raise ImproperlyConfigured("KLISZA_SECRET_KEY: required when the database is not the embedded one")
    path = DATA_DIR / "secret_key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written aside and linked: another role of the same start never reads half a key, and the first one wins.
        aside = DATA_DIR / f".secret_key.{os.getpid()}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_text("ascii").strip()


SECRET_KEY = _secret_key()
