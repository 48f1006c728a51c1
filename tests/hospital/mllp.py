"""The sending side of MLLP, written from the standard (HL7 v2 transport, "minimal lower layer protocol")."""

from __future__ import annotations

import socket

START, END = b"\x0b", b"\x1c\r"


class Line:
    """One connection that stays open, as interface engines keep theirs."""

    def __init__(self, port: int, *, seconds: float = 30) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.rest = b""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, message: bytes) -> bytes:
        """Frame it, send it, and return the content of the next frame."""
        self.socket.sendall(START + message + END)
        return self.receive()

    def receive(self) -> bytes:
        while END not in self.rest:
            piece = self.socket.recv(65_536)
            if not piece:
                raise ConnectionError("closed without an answer")
            self.rest += piece
        frame, _, self.rest = self.rest.partition(END)
        return frame.lstrip(START)


def answer_of(reply: bytes) -> str:
    """MSA-1 of an acknowledgement."""
    for segment in reply.split(b"\r"):
        if segment.startswith(b"MSA"):
            return segment[4:6].decode("ascii")
    raise AssertionError(f"no MSA in {reply!r}")
