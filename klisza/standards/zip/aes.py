"""AE-2, the AES-256 encryption that WinZip, 7-Zip and macOS tools open, at the speed of the processor.

Its counter is little endian, which OpenSSL's CTR mode is not: counters are counted up by numpy, encrypted as blocks
(ECB) and combined with the data; the authentication code and the keys of what follows come from two other threads.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

SALT, VERIFIER, CODE = 16, 2, 10  # bytes before and behind the data
OVERHEAD = SALT + VERIFIER + CODE
KEY = 32
ROUNDS = 1000  # fixed by the format
BLOCK = 16
PIECE = 1024 * 1024

Keys = tuple[bytes, bytes, bytes]


def salt_of(secret: bytes, index: int) -> bytes:
    """Another one for each member, the same one whenever the member is written again (RFC 5869)."""
    return HKDF(hashes.SHA256(), SALT, None, b"member %d" % index).derive(secret)


def keys_of(password: bytes, salt: bytes) -> Keys:
    """(for the cipher, for the authentication code, password verification value)."""
    both = PBKDF2HMAC(hashes.SHA1(), 2 * KEY + VERIFIER, salt, ROUNDS).derive(password)  # noqa: S303 - the format's
    return both[:KEY], both[KEY : 2 * KEY], both[2 * KEY :]


class Scrambler(AbstractContextManager["Scrambler"]):
    """Encrypts the members of one archive, one after the other; close it."""

    def __init__(self, password: bytes, secret: bytes) -> None:
        self._password, self._secret = password, secret
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="ae2-code")
        self._deriving = ThreadPoolExecutor(1, thread_name_prefix="ae2-keys")
        self._ahead: dict[int, Future[Keys]] = {}
        blocks = PIECE // BLOCK + 1  # a piece may begin inside a block
        self._numbers = np.arange(blocks, dtype="<u8")
        self._counters = np.zeros((blocks, 2), dtype="<u8")
        self._stream = np.zeros(PIECE + 2 * BLOCK, dtype=np.uint8)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._aside.shutdown(wait=False, cancel_futures=True)
        self._deriving.shutdown(wait=False, cancel_futures=True)

    def head(self, index: int) -> bytes:
        return salt_of(self._secret, index) + self._keys(index)[2]

    def look_ahead(self, index: int) -> None:
        """Derive the keys of a member that follows while another one is written."""
        if index not in self._ahead:
            self._ahead[index] = self._deriving.submit(self._derived, index)

    def body(self, index: int, content: Iterable[bytes], *, offset: int = 0) -> Iterator[bytes]:
        """Content from `offset`, encrypted; when it was the whole of it the authentication code follows."""
        key, sealing_key, _ = self._keys(index)
        code = hmac.new(sealing_key, digestmod="sha1") if offset == 0 else None
        pending: Future[None] | None = None
        for piece in self._encrypted(key, content, offset):
            if pending:
                pending.result()
            pending = self._aside.submit(code.update, piece) if code else None
            yield piece
        if pending:
            pending.result()
        if code:
            yield code.digest()[:CODE]

    def code(self, index: int, content: Iterable[bytes]) -> bytes:
        """The authentication code alone, for whoever goes on in the middle of a member."""
        return deque(self.body(index, content), maxlen=1).pop()

    def done(self, index: int) -> None:
        self._ahead.pop(index, None)

    def _keys(self, index: int) -> Keys:
        self.look_ahead(index)
        return self._ahead[index].result()

    def _derived(self, index: int) -> Keys:
        return keys_of(self._password, salt_of(self._secret, index))

    def _encrypted(self, key: bytes, content: Iterable[bytes], offset: int) -> Iterator[bytes]:
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - of counters only
        for piece in content:
            for begin in range(0, len(piece), PIECE):
                part = memoryview(piece)[begin : begin + PIECE]
                yield self._combined(encryptor, part, offset)
                offset += len(part)

    def _combined(self, encryptor: Any, part: memoryview, offset: int) -> bytes:
        first, skip = divmod(offset, BLOCK)
        blocks = (skip + len(part) + BLOCK - 1) // BLOCK
        np.add(self._numbers[:blocks], first + 1, out=self._counters[:blocks, 0])
        encryptor.update_into(self._counters[:blocks].view(np.uint8).reshape(-1), self._stream)
        clear = np.frombuffer(part, dtype=np.uint8)
        return np.bitwise_xor(clear, self._stream[skip : skip + len(part)]).tobytes()
