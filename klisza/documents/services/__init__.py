"""What changes documents: their bytes, what was made of them, what the hospital said about them."""

from .handing import hand_in, settle_handing
from .keeping import (
    CDA,
    EXTENSIONS,
    JPEG,
    NAMES,
    PDF,
    PICTURES,
    RTF,
    TEXT,
    Enclosure,
    Page,
    add_document,
    is_readable,
    keep,
    keep_pages,
    mark_unshowable,
    register,
    restore,
    withdraw,
)
from .statements import Statement, file_statement

__all__ = [
    "CDA",
    "EXTENSIONS",
    "JPEG",
    "NAMES",
    "PDF",
    "PICTURES",
    "RTF",
    "TEXT",
    "Enclosure",
    "Page",
    "Statement",
    "add_document",
    "file_statement",
    "hand_in",
    "is_readable",
    "keep",
    "keep_pages",
    "mark_unshowable",
    "register",
    "restore",
    "settle_handing",
    "withdraw",
]
