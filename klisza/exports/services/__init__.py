"""What changes a copy: asking for it, making it ready, sending it, ending it."""

from .beginning import Begun, begin, make_ready
from .ending import cancel, forget_old
from .places import SILENT
from .sending import Sending, open_sending

__all__ = [
    "SILENT",
    "Begun",
    "Sending",
    "begin",
    "cancel",
    "forget_old",
    "make_ready",
    "open_sending",
]
