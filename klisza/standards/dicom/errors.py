from __future__ import annotations


class Unreadable(Exception):
    """No data set we can rely on; `reason`: one line for staff, without any value of the data set."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotDicom(Unreadable):
    """Nothing about the file says DICOM."""


class TooComplex(Unreadable):
    """Deeper, longer or more compressible than anything a modality makes."""


class Contradiction(Unreadable):
    """Two readers of these bytes could see two different patients or instances."""
