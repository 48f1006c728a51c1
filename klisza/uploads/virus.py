"""clamd's INSTREAM: one connection a file, pieces with their length before them, an empty piece ends it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable

from django.conf import settings

from klisza.base.errors import Unavailable

SECONDS = 60.0
LONGEST_ANSWER = 4096
TOO_LARGE = "size limit exceeded"


class TooLargeToScan(Exception):
    """More than clamd's StreamMaxLength: nobody can say whether there is a virus in it."""


def is_on() -> bool:
    return bool(settings.CLAMD)


def find(pieces: Iterable[bytes]) -> str:
    """The name of what was found, empty for a clean file. Raises TooLargeToScan, Unavailable."""
    try:
        with _connect() as connection:
            answer = _ask(connection, pieces)
    except OSError as fault:
        raise Unavailable(f"clamd: {type(fault).__name__}", retry_after=60) from fault
    verdict = answer.removeprefix("stream: ")
    if verdict == "OK":
        return ""
    if verdict.endswith(" FOUND"):
        return verdict.removesuffix(" FOUND")[:64]
    if TOO_LARGE in verdict:
        raise TooLargeToScan
    raise Unavailable("clamd: no verdict", retry_after=60)


def _connect() -> socket.socket:
    """host:port, or a path that begins with a slash."""
    if settings.CLAMD.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS)
        try:
            connection.connect(settings.CLAMD)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = settings.CLAMD.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)


def _ask(connection: socket.socket, pieces: Iterable[bytes]) -> str:
    connection.sendall(b"zINSTREAM\0")
    try:
        for piece in pieces:
            if piece:
                connection.sendall(struct.pack(">L", len(piece)) + piece)
        connection.sendall(struct.pack(">L", 0))
    except (BrokenPipeError, ConnectionResetError):
        pass  # clamd hangs up as soon as it has seen enough; its answer waits to be read
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER and (data := connection.recv(1024)):
        answer += data
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
