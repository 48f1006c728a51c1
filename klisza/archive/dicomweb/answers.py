"""Answers of the image doors: plain WSGI, exact lengths, the same headers on each."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from klisza.base.errors import NotFound, Refused, Unavailable
from klisza.blobs import services as blobs

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Header = tuple[str, str]

PIECE = 1024 * 1024
# Page threads must stay free: granian runs 24 blocking threads a worker, a slow client holds one of them.
STREAMS_MOST = 14
SECURITY: tuple[Header, ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
)
PRIVATE = (
    "Cache-Control",
    "private, max-age=300",
)  # the ticket stands in the path: nobody else asks for this address
NO_STORE = ("Cache-Control", "no-store")


class Problem(Refused):
    """Any status with a plain English line: machines read it, and the viewer's program, never a patient."""

    def __init__(self, status: int, line: str = "", *headers: Header) -> None:
        super().__init__(line or HTTPStatus(status).phrase)
        self.status, self.headers = status, headers


@dataclass
class Answer:
    body: Iterable[bytes]
    length: int
    type: str
    status: int = 200
    headers: list[Header] = field(default_factory=list)

    def send(self, environ: Environ, start_response: StartResponse, cache: Header) -> Iterable[bytes]:
        headers = [
            ("Content-Type", self.type),
            ("Content-Length", str(self.length)),
            cache,
            *SECURITY,
            *self.headers,
        ]
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            if isinstance(self.body, Stream):
                self.body.close()
            return []
        return self.body


def of_bytes(data: bytes, type_: str, *headers: Header) -> Answer:
    return Answer([data], len(data), type_, headers=list(headers))


def of_json(value: Any, *headers: Header) -> Answer:
    return of_bytes(json.dumps(value, separators=(",", ":")).encode(), "application/dicom+json", *headers)


def of_problem(problem: Exception) -> Answer:
    """The same words for "unknown" and "not yours"."""
    if isinstance(problem, Unavailable):
        return _line(503, "Try again later", ("Retry-After", str(problem.retry_after)))
    if isinstance(problem, NotFound):
        return _line(404, "Not found")
    if isinstance(problem, Problem):
        return _line(problem.status, problem.sentence, *problem.headers)
    if isinstance(problem, Refused):
        return _line(problem.status, HTTPStatus(problem.status).phrase)
    return _line(500, "Internal error")


def _line(status: int, text: str, *headers: Header) -> Answer:
    body = f"{text}\n".encode()
    return Answer([body], len(body), "text/plain; charset=utf-8", status, list(headers))


def ranged(data: bytes, type_: str, range_header: str) -> Answer:
    """One byte range (RFC 9110 14); several ranges or another unit are answered with the whole."""
    unit, _, spec = range_header.partition("=")
    first, dash, last = spec.partition("-")
    if unit.strip() != "bytes" or not dash or "," in spec or not (first.strip() + last.strip()).isdigit():
        return of_bytes(data, type_, ("Accept-Ranges", "bytes"))
    size = len(data)
    begin = int(first) if first.strip() else max(0, size - int(last))
    end = min(size - 1, int(last)) if first.strip() and last.strip() else size - 1
    if begin > end:
        raise Problem(416, "", ("Content-Range", f"bytes */{size}"))
    answer = of_bytes(
        data[begin : end + 1],
        type_,
        ("Content-Range", f"bytes {begin}-{end}/{size}"),
        ("Accept-Ranges", "bytes"),
    )
    answer.status = 206
    return answer


class Stream:
    """A body read while it is sent. Holds one of few places from the making to the end; `close` may come
    twice."""

    places = threading.BoundedSemaphore(STREAMS_MOST)

    def __init__(self, pieces: Iterator[bytes]) -> None:
        if not Stream.places.acquire(blocking=False):
            raise Unavailable("streams", retry_after=1)
        self.pieces, self.held = pieces, True

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.pieces
        finally:
            self.close()

    def close(self) -> None:
        held, self.held = self.held, False
        if held:
            Stream.places.release()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, ValueError):
            self.close()


@dataclass(frozen=True)
class Part:
    """One part of a multipart body: its media type, length, and how to read it."""

    type: str
    length: int
    read: Callable[[], Iterator[bytes]]


def multipart(parts: list[Part], type_: str) -> Answer:
    """multipart/related (RFC 2387) with an exact length, read part by part while it is sent."""
    boundary = secrets.token_hex(16)
    heads = [part_head(boundary, part.type, part.length) for part in parts]
    tail = f"--{boundary}--\r\n".encode()
    length = sum(len(head) + part.length + 2 for head, part in zip(heads, parts, strict=True)) + len(tail)

    def pieces() -> Iterator[bytes]:
        for head, part in zip(heads, parts, strict=True):
            yield head
            yield from part.read()
            yield b"\r\n"
        yield tail

    return Answer(Stream(pieces()), length, multipart_type(type_, boundary))


def part_head(boundary: str, media_type: str, length: int) -> bytes:
    return f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n".encode()


def multipart_type(type_: str, boundary: str) -> str:
    return f'multipart/related; type="{type_}"; boundary={boundary}'


def bytes_of(key: str, places: list[tuple[int, int]]) -> bytes:
    """The given (offset, length) pieces of a blob, one after the other; exactly as long as promised or
    Unavailable."""
    try:
        file = os.open(blobs.open_path(key), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound from None
    try:
        pieces = [os.pread(file, length, offset) for offset, length in places]
    finally:
        os.close(file)
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if len(data) != sum(length for _, length in places):
        raise Unavailable("blob shorter than its index")
    return data
