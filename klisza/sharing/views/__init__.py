"""Pages of whoever shares, and of their guests."""

from .guest import landing, leave, link, longer, not_mine, note, screen
from .guest_files import download, report_file, report_page
from .mine import block, extend, made, new_link, new_pin, one, overview, revoke, unblock
from .share import choose, confirm, inside, outside
from .slip import slip
from .units import (
    staff_slip,
    unit,
    unit_close,
    unit_list,
    unit_report_file,
    unit_report_page,
    unit_screen,
    units,
)

__all__ = [
    "block",
    "choose",
    "confirm",
    "download",
    "extend",
    "inside",
    "landing",
    "leave",
    "link",
    "longer",
    "made",
    "new_link",
    "new_pin",
    "not_mine",
    "note",
    "one",
    "outside",
    "overview",
    "report_file",
    "report_page",
    "revoke",
    "screen",
    "slip",
    "staff_slip",
    "unblock",
    "unit",
    "unit_close",
    "unit_list",
    "unit_report_file",
    "unit_report_page",
    "unit_screen",
    "units",
]
