"""What `klisza doctor` looks at: one function a line, each raising or returning a sentence."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from klisza.accounts.errors import ProviderAway
from klisza.accounts.services.oidc import provider
from klisza.gateways import queries as gateways
from klisza.gateways.hl7v2 import tls

from . import health, ports

SECONDS = 5
LEAST_FREE_MB = 1024
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before this release stands on its factory setting
Check = Callable[[], str]


class Fault(Exception):
    """What is wrong, in a sentence for the administrator."""


def all_checks() -> dict[str, Check]:
    return {
        "settings": _settings,
        "database": _database,
        "storage": _storage,
        "clock": _clock,
        "mail": _mail,
        "sms": _sms,
        "hl7": _hl7,
        "oidc": _oidc,
        **{name.removeprefix("KLISZA_").lower(): _port(name) for name in ports.listeners()},
    }


def _oidc() -> str:
    """Reads what the providers publish, as a sign-in does."""
    issuers = [issuer for issuer in (settings.STAFF_OIDC_ISSUER, settings.PATIENT_OIDC_ISSUER) if issuer]
    for issuer in issuers:
        try:
            provider.keys(issuer)
        except ProviderAway as away:
            raise Fault(f"{urlsplit(issuer).hostname}: {away.cause}") from None
    return f"{len(set(issuers))} provider(s) answer" if issuers else "not set up"


def _settings() -> str:
    if any(found.is_serious() for found in run_checks()):
        raise Fault("run klisza check: it names what is wrong")
    demo = " (demo: fictitious hospital, open DICOM port)" if settings.DEMO else ""
    return f"readable, {settings.PUBLIC_URL}{demo}"


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as failed:
        raise Fault(f"does not answer ({type(failed).__name__})") from None
    if waiting:
        raise Fault(f"{len(waiting)} migrations wait: run klisza migrate")
    return f"{connection.vendor}, up to date"


def _storage() -> str:
    """Writes, syncs and reads back, as an incoming image does."""
    folder = health.storage_folder()
    probe, content = folder / f".doctor-{secrets.token_hex(8)}", secrets.token_bytes(4096)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with probe.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if probe.read_bytes() != content:
            raise Fault("reads back something else than was written")
    except OSError as failed:
        raise Fault(f"not writable ({failed.strerror})") from None
    finally:
        probe.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free // 1_048_576
    if free < LEAST_FREE_MB:
        raise Fault(f"only {free} MB free")
    return f"writable, {free // 1024} GB free"


def _clock() -> str:
    """Codes, links and tickets live by it; the database server may have another one."""
    now = datetime.now(UTC)
    if now < EARLIEST:
        raise Fault(f"says {now:%Y-%m-%d}, which is in the past")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            theirs = cursor.fetchone()[0]
        if abs((theirs - datetime.now(UTC)).total_seconds()) > SECONDS:
            raise Fault(f"differs from the database server's by more than {SECONDS} s")
    return f"{now:%Y-%m-%d %H:%M:%S} UTC, zone {settings.TIME_ZONE} ({time.strftime('%Z')} here)"


def _mail() -> str:
    url = urlsplit(settings.SMTP_URL)
    if url.scheme == "outbox":
        return _outbox("mail")
    port = url.port or (465 if url.scheme == "smtps" else 25)
    return _reach(url.hostname or "", port, tls=url.scheme == "smtps")


def _sms() -> str:
    url = urlsplit(settings.SMS_URL.removeprefix("webhook+").removeprefix("smsapi+"))
    if url.scheme == "outbox":
        return _outbox("sms")
    return _reach(
        url.hostname or "", url.port or (443 if url.scheme == "https" else 80), tls=url.scheme == "https"
    )


def _outbox(channel: str) -> str:
    folder = settings.DATA_DIR / "outbox" / channel
    if not os.access(next(place for place in (folder, *folder.parents) if place.exists()), os.W_OK):
        raise Fault(f"{folder} is not writable")
    return f"written to files in {folder}; nothing is sent"


def _hl7() -> str:
    """Who may send, whether its certificate holds, and whether somebody applies what came."""
    senders = gateways.senders()
    if gateways.is_stalled():
        raise Fault("messages wait and nobody applies them: is klisza hl7 or the worker running?")
    if settings.HL7_TLS_BIND:
        _tls_files()
    who = f"{len(senders)} senders on the list{' and all of loopback' if settings.HL7_OPEN else ''}"
    lengths = gateways.lengths()
    return f"{who}, {lengths['hl7_waiting']} messages wait, {lengths['hl7_held']} for their patient"


def _tls_files() -> None:
    try:
        tls.server_context()
    except (OSError, ssl.SSLError) as failed:
        raise Fault(f"KLISZA_TLS_CERT, KLISZA_TLS_KEY: {type(failed).__name__}") from None


def _reach(host: str, port: int, *, tls: bool) -> str:
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as plain:
            if tls:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except OSError as failed:
        raise Fault(f"{host}:{port} cannot be reached ({type(failed).__name__})") from None
    return f"{host}:{port} answers"


def _port(name: str) -> Check:
    """Free, or taken by a Klisza that is running: both are well."""

    def check() -> str:
        host, port = ports.listeners()[name]
        if not ports.fault((host, port)):
            return f"{host}:{port} is free"
        if ports.accepts((host, port)):
            return f"{host}:{port} is in use, by a running Klisza unless you know better"
        raise Fault(ports.fault((host, port)))

    return check
