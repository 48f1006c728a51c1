"""What became of images on their way to another archive: each of them, in as few lines as it takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from klisza.archive import queries as archive
from klisza.archive.models import Forward
from klisza.archive.queries import ForwardedImage

FORWARDS = {
    "waiting": _("waits, or is being sent"),
    "sent": _("sent; it has not said yet whether it keeps the images"),
    "committed": _("sent, and the archive has promised to keep it"),
    "unanswered": _("sent, but asked in vain whether it keeps the images"),
    "failed": _("not everything was taken"),
}
UNASKED = _("sent; this archive makes no promises to keep images")
INSTANCES = {
    "failed": _("refused"),
    "uncommitted": _("not kept"),
    "waiting": _("waiting"),
    "stored": _("sent"),
    "committed": _("kept for good"),
}
# Codes of C-STORE, STOW-RS (PS3.4 B.2.3) and of a commitment (PS3.3 C.14.1.1), first what is written in full.
CODES = (
    (r"HTTP 40[13]", _("the user name, password or token is not accepted")),
    (r"0122|does not take this kind", _("it does not take this kind of image")),
    (r"0124", _("the portal is not allowed to send there")),
    (r"0112", _("it does not have it")),
    (r"0119", _("it holds another object under this number")),
    (r"0213|A7..", _("it has no room")),
    (r"A9..", _("the image does not fit its kind")),
    (r"C...|0110", _("it cannot process the image")),
    (r"cannot be reached|went away|rejects the association", _("it cannot be reached")),
    (r"no storage commitment", _("it makes no promises to keep images")),
    (r"does not keep all", _("it does not keep all of it")),
    (r"come back later", _("it asked to be tried again later")),
    (r"has not answered", _("it has not answered")),
    (r"not on the list", _("it is no longer among the devices")),
    (r"credentials cannot be read", _("the stored password cannot be read: enter the device anew")),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """Images of one series of which the same is true. numbers: e.g. "1–120, 122"; "" when they have none."""

    series: str
    numbers: str
    count: int
    word: str
    why: str
    is_bad: bool


@dataclass(frozen=True)
class ForwardRow:
    forward: Forward
    word: str
    why: str
    counts: list[tuple[str, int]]
    lines: list[Line]
    can_send: bool
    can_ask: bool
    is_open: bool


def forward_row(one: Forward) -> ForwardRow:
    counts = archive.forwarded(one)
    was_asked = one.commitments.exists()
    needs_staff = one.state in ("failed", "unanswered")
    lost = bool(counts.get("failed") or counts.get("uncommitted"))
    return ForwardRow(
        forward=one,
        word=str(UNASKED if one.state == "sent" and not was_asked else FORWARDS.get(one.state, "")),
        why=why(one.reason),
        counts=[(str(word), counts[name]) for name, word in INSTANCES.items() if counts.get(name)],
        lines=lines(archive.forwarded_images(one)),
        can_send=needs_staff and lost,
        can_ask=needs_staff and not lost,
        is_open=needs_staff and one.noted_at is None,
    )


def why(reason: str) -> str:
    """In words, with what the machines said behind them."""
    if not reason:
        return ""
    said = next((str(word) for pattern, word in CODES if re.search(pattern, reason)), "")
    return f"{said} ({reason})" if said else reason


def lines(images: Iterable[ForwardedImage]) -> list[Line]:
    """What needs somebody first, then as the series stand."""
    groups: dict[tuple[str, str, str], list[int | None]] = {}
    for image in images:
        groups.setdefault((image.state, _series(image), image.reason), []).append(image.number)
    ordered = sorted(groups.items(), key=lambda item: [*INSTANCES].index(item[0][0]))
    return [
        Line(
            series,
            ranges(numbers) if _are_clear(numbers) else "",
            len(numbers),
            str(INSTANCES[state]),
            why(reason),
            state in BAD,
        )
        for (state, series, reason), numbers in ordered
    ]


def _are_clear(numbers: list[int | None]) -> bool:
    """Each image has one of its own."""
    return None not in numbers and len(set(numbers)) == len(numbers)


BAD = ("failed", "uncommitted")


def _series(image: ForwardedImage) -> str:
    number = gettext("Series %(number)s") % {"number": image.series} if image.series is not None else ""
    return " · ".join(part for part in (number, image.modality, image.description) if part)


def ranges(numbers: Iterable[int | None]) -> str:
    """1, 2, 3, 5 -> "1–3, 5"."""
    runs: list[list[int]] = []
    for number in sorted({one for one in numbers if one is not None}):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
