"""What stops a delivery, each with what the door answers; the sentences are for the person."""

from __future__ import annotations

from klisza.base.errors import Refused


class ListClosed(Refused):
    """Nothing is added or changed any more (S55, R57)."""

    status = 409


class ListNotEmpty(Refused):
    """ "Deliver without uploading" while files stand on the list (S48)."""

    status = 409


class ListEmpty(Refused):
    """ "Start uploading" without a file."""

    status = 409


class TooMuch(Refused):
    """More files or bytes than one delivery may have, or too many unfinished uploads (R35)."""

    status = 413


class WrongOffset(Refused):
    """The sender is not where the server is; it asks for the offset and goes on from there."""

    status = 409


class UploadBusy(Refused):
    """Another request writes to this upload at the moment."""

    status = 423


class WrongChecksum(Refused):
    """tus 1.0: 460; nothing of the piece was kept."""

    status = 460


class UploadGone(Refused):
    """It waited for longer than it may; the file can be sent from its beginning."""

    status = 410
