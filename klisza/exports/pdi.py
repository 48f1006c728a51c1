"""What stands beside the images on IHE PDI media (RAD TF-2 4.47): README.TXT, INDEX.HTM, the web content IHE_PDI.

Every name is of at most eight upper-case characters and an extension. Whatever a device wrote is escaped (R30).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from klisza.archive.models import Series
from klisza.base import clock
from klisza.examinations import wording
from klisza.standards.dicom.uids import EXPLICIT_LE

from .offline.page import Link
from .options import Options
from .queries import Content, Image

WEB = "IHE_PDI"
PREVIEWS_MOST = 2000


@dataclass(frozen=True)
class About:
    """left_out: DICOM files that no record of the DICOMDIR leads to."""

    content: Content
    options: Options
    left_out: int


def texts(about: About) -> list[tuple[str, bytes]]:
    readme = _rendered("readme.txt", about)
    lines = [line.rstrip() for line in readme.strip().splitlines()]
    return [
        ("README.TXT", ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")),
        (f"{WEB}/INDEX.HTM", _rendered("web.html", about).encode()),
    ]


def index(about: About) -> bytes:
    """The page that leads to everything, for a copy without the viewer, which has one of its own."""
    return _rendered("index.html", about).encode()


def links(about: About) -> tuple[Link, ...]:
    """What the page of the viewer leads to besides."""
    found = [
        Link("README.TXT", _("How to use these files")),
        Link(f"{WEB}/INDEX.HTM", _("Overview with pictures")),
    ]
    return (*found, *(Link(paper.name, _paper_title(paper.name)) for paper in about.content.papers[:50]))


def previews(content: Content) -> list[tuple[str, str, int]]:
    """(name in the ZIP, blob, bytes) of one picture of each series that has one."""
    keys = _preview_keys(tuple(folder.card.id for folder in content.folders))
    found = []
    for number, folder in enumerate(content.folders[:PREVIEWS_MOST], start=1):
        if folder.card.id in keys:
            found.append((f"{WEB}/IMG{number:05d}.JPG", *keys[folder.card.id]))
    return found


def _preview_keys(series_ids: tuple[uuid.UUID, ...]) -> dict[uuid.UUID, tuple[str, int]]:
    rows = Series.objects.filter(pk__in=series_ids).exclude(preview=None)
    return {pk: (key, size) for pk, key, size in rows.values_list("pk", "preview_id", "preview__size")}


def _rendered(name: str, about: About) -> str:
    return render_to_string(f"exports/pdi/{name}", _context(about))


def _context(about: About) -> dict[str, Any]:
    content, options = about.content, about.options
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "support_phone": settings.SUPPORT_PHONE,
        "product": f"Klisza {_version()}",
        "language": options.language,
        "options": options,
        "examinations": _examinations(content),
        "papers": [{"name": paper.name, "title": _paper_title(paper.name)} for paper in content.papers],
        "files": len(content.images),
        "withheld": content.withheld,
        "left_out": about.left_out,
        "as_stored": sum(not _is_plain(image) for image in content.images) if options.plain else 0,
    }


def _is_plain(image: Image) -> bool:
    return bool(image.explicit_size) or image.transfer_syntax_uid == EXPLICIT_LE


def _examinations(content: Content) -> list[dict[str, Any]]:
    pictures = {name for name, _key, _size in previews(content)}
    numbers = {folder.path: number for number, folder in enumerate(content.folders, start=1)}
    found = []
    for part in content.parts:
        card = wording.card(part.examination)
        series = []
        for folder in part.folders:
            picture = f"{WEB}/IMG{numbers[folder.path]:05d}.JPG"
            series.append(
                {
                    "title": folder.card.title or folder.card.modality,
                    "modality": folder.card.modality,
                    "files": len(folder.images),
                    "folder": "/".join(folder.path),
                    "picture": picture.partition("/")[2] if picture in pictures else "",
                }
            )
        found.append(
            {
                "heading": card.heading,
                "date": f"{clock.local_date(part.examination.performed_at):%d.%m.%Y}",
                "place": card.place,
                "series": series,
                "papers": [{"name": paper.name, "title": _paper_title(paper.name)} for paper in part.papers],
            }
        )
    return found


def _paper_title(name: str) -> str:
    folder, _slash, file = name.partition("/")
    word = _("Report") if folder == "REPORT" else _("Document from the hospital")
    return f"{word} ({file})"


@lru_cache(maxsize=1)
def _version() -> str:
    return version("klisza")
