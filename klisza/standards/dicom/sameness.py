"""Is it the same object with another patient in its header? A PACS that fixes a patient keeps the rest.

Pixels decide for pictures: their attributes may be re-encoded on the way, the pixels are not. Anything else
(SR, PDF, waveforms) is compared value by value without what describes patient, order and the act of correcting.
"""

from __future__ import annotations

import hashlib
from struct import Struct

from .inflate import inflated
from .scan import Buffer, Walk
from .uids import DEFLATED_LE, IMPLICIT_LE

# Groups of patient, visit and requested procedure; a private group is the last sender's business.
LEFT_OUT_GROUPS = frozenset((0x0010, 0x0012, 0x0032, 0x0038))
LEFT_OUT = frozenset((
    0x00080005, 0x00080012, 0x00080013, 0x00080014, 0x00080050, 0x00080051, 0x00080080, 0x00080081, 0x00080090,
    0x00081030, 0x00081110, 0x00200010, 0x00400275, 0x00401001, 0x00402016, 0x00402017, 0x04000561, 0xFFFCFFFC,
))  # fmt: skip
_VALUE = Struct("<LL")


def essence(data: Buffer, transfer_syntax_uid: str) -> str:
    """A digest that two objects share when they differ in patient and order only. Raises Unreadable."""
    if transfer_syntax_uid == DEFLATED_LE:
        with inflated(data) as clear:
            return _EssenceWalk(clear, False, frozenset()).essence()
    return _EssenceWalk(data, transfer_syntax_uid == IMPLICIT_LE, frozenset()).essence()


class _EssenceWalk(Walk):
    def essence(self) -> str:
        self.values = hashlib.sha256()
        pixels = self.run().pixel_data
        if pixels is None:
            return self.values.hexdigest()
        digest = hashlib.sha256(b"pixels")
        for offset, length in pixels.fragments if pixels.encapsulated else [(pixels.offset, pixels.length)]:
            digest.update(_VALUE.pack(pixels.tag, length))
            digest.update(self.data[offset : offset + length])
        return digest.hexdigest()

    def keep(self, tag: int, start: int, length: int) -> None:
        super().keep(tag, start, length)
        if self.found.pixel_data is None:
            self._add(tag, tag, start, length)

    def keep_nested(self, sequence: int, tag: int, start: int, length: int) -> None:
        self._add(self.levels[1].tag, tag, start, length)

    def _add(self, outermost: int, tag: int, start: int, length: int) -> None:
        group = outermost >> 16
        if outermost in LEFT_OUT or group in LEFT_OUT_GROUPS or group % 2 or not outermost & 0xFFFF:
            return
        self.values.update(_VALUE.pack(tag, length))
        self.values.update(self.data[start : start + length])
