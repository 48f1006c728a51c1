"""Who may open which page; `admin` opens all. The home page lists what one's roles allow."""

from __future__ import annotations

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest

DESK = ("registration", "clinic")
IMAGES = ("radiology", "integration", "registration")
ASKING = (*DESK, "radiology")  # whom the hospital asks, and whether the answers are there
ANSWERS = ("clinic", "radiology")  # what they say, and the questionnaires themselves
READERS: dict[str, tuple[str, ...]] = {
    "desk": ("registration",),
    "access": ("privacy",),
    "tasks": DESK,
    "work": (*DESK, "radiology", "integration"),
    "held": ("registration", "integration"),
    "failed": ("integration",),
    "studies": IMAGES,
    "objects": IMAGES,
    "bounces": DESK,
    "guardians": ("registration",),
    "closing": ("registration", "privacy"),
    "messages": (*DESK, "integration"),
    "release": ("clinic",),
    "deliveries": ("registration", "radiology"),
    "breaches": ("privacy",),
    "integration": ("integration",),
    "associations": ("integration", "radiology"),
    "peers": ("integration",),
    "procedures": ("radiology", "integration"),
    "wards": (*DESK, "integration"),
    "kinds": ("radiology", "integration"),
    "rules": ("clinic",),
    "waves": ("registration",),
    "answers": ANSWERS,
    "incomplete": ASKING,
    "asked": ASKING,
    "ask_list": ASKING,
    "questionnaires": ANSWERS,
    "ask_rules": ANSWERS,
}
# One message from its line in a list; its content is for the two roles that compare it with the record.
MESSAGE = (*DESK, "radiology", "integration")
CONTENT = ("registration", "integration")
ASSIGN = IMAGES  # say whose images are
# Say what otherwise the department says: reject images as it would, show them again, name the right patient.
RULE = ("radiology", "integration")
MOVED = (*DESK, "radiology")  # show again what a move of records had hidden

reader = {name: staff_required(*roles) for name, roles in READERS.items()}


def may_read(request: PortalRequest, *roles: str) -> bool:
    return bool(request.roles & {*roles, "admin"})
