from __future__ import annotations

from klisza.base.errors import Refused


class PeerExists(Refused):
    """A DICOM peer of this name is already there."""


class NoSuchPeer(Refused):
    status = 404


class NoSuchNote(Refused):
    status = 404
