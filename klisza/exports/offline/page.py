"""INDEX.HTM, the description that its script reads, and the same in one file for phones.

Whatever a device or a person wrote is JSON in a script with `<` escaped, or escaped HTML: text, never markup (R30).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache as once
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import strip_tags

from klisza.archive.queries import FILMS
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.documents.models import DocumentPage
from klisza.examinations import wording
from klisza.examinations.panes import ReportPane, VersionPane

from . import words
from .cache import Prepared
from .encode import FOOT, HEAD
from .files import Slice
from .plan import PlannedPart, PlannedSeries

BUILT = Path(__file__).resolve().parent / "built"
THUMBNAILS_MOST = 100
HERE = b"\0chunk\0"  # NUL stands in no text of the page: JSON escapes it
ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Link:
    """href: relative, as README.TXT; text: already translated."""

    href: str
    text: str


@dataclass(frozen=True)
class Ready:
    """A planned examination with those of its series that have pictures."""

    planned: PlannedPart
    series: list[tuple[PlannedSeries, Prepared]]


def folder_name(number: int) -> str:
    return f"SE{number:04d}"


def chunk_name(number: int) -> str:
    return f"C{number:05d}.JS"


def report_name(number: int) -> str:
    return f"R{number:04d}.PNG"


def report_pictures(reports: list[ReportPane]) -> Iterator[DocumentPage]:
    """In the order in which `describe` numbers them."""
    for report in reports:
        for version in (report, *report.addenda):
            for file in version.files:
                yield from file.pages


def describe(parts: list[Ready], *, language: str, inline: bool) -> Json:
    """The JSON of frontend/offline-viewer/data.ts. inline: pictures of the report come in the page itself."""
    numbers, pages = count(1), count(1)
    examinations = []
    for part in parts:
        series = [_series(one, made, next(numbers)) for one, made in part.series]
        reports = [
            _report(version, pages, inline)
            for pane in part.planned.reports
            for version in (pane, *pane.addenda)
        ]
        examinations.append(_examination(part.planned) | {"series": series, "reports": reports})
    return {
        "language": language,
        "names": words.names(),
        "texts": words.in_all_languages(),
        "hospital": settings.HOSPITAL_NAME,
        "examinations": examinations,
    }


def index(described: Json, *, links: tuple[Link, ...]) -> bytes:
    return _rendered("exports/offline/index.html", described, {"links": links})


def data(described: Json) -> bytes:
    return f"KLISZA_DATA({_json(described)});\n".encode()


def script() -> bytes:
    return _built("VIEWER.JS")


def style() -> bytes:
    return _built("VIEWER.CSS")


def single(described: Json, ready: list[Prepared], pages: list[bytes]) -> list[bytes | Slice]:
    """Chunks stand in the page as text that is read when its series opens; their bytes stay where they are kept."""
    chunks = [
        (f"{folder_name(series)}/{chunk_name(number)}", chunk)
        for series, made in enumerate(ready, start=1)
        for number, chunk in enumerate(made.chunks)
    ]
    context = {
        "style": style().decode(),
        "script": script().decode(),
        "data": data(described).decode(),
        "chunks": [name for name, _ in chunks],
        "here": HERE.decode(),
        "pages": [
            {"id": report_name(number), "text": base64.b64encode(one).decode()}
            for number, one in enumerate(pages, start=1)
        ],
    }
    around = _rendered("exports/offline/single.html", described, context).split(HERE)
    pieces: list[bytes | Slice] = [around[0]]
    for (_, chunk), after in zip(chunks, around[1:], strict=True):
        pieces += [Slice(chunk.path, len(HEAD), chunk.size - len(HEAD) - len(FOOT)), after]
    return pieces


def _rendered(template: str, described: Json, context: Json) -> bytes:
    with translation.override(described["language"]):
        facts = {
            "language": described["language"],
            "title": words.in_all_languages()[described["language"]]["title"],
            "unpack": words.unpack(),
            "disclaimer": words.disclaimer(),
            "hospital": settings.HOSPITAL_NAME,
            "portal": settings.PORTAL_NAME,
        }
        return render_to_string(template, facts | context).encode()


def _examination(part: PlannedPart) -> Json:
    examination, patient = part.examination, part.examination.patient
    return {
        "titles": {code: _title(part, code) for code, _ in settings.LANGUAGES},
        "date": f"{clock.local_date(examination.performed_at):%d.%m.%Y}",
        "person": f"{patient.given_name} {patient.family_name}".strip(),
        "born": f"{patient.birth_date:%d.%m.%Y}" if patient.birth_date else "",
    }


def _title(part: PlannedPart, language: str) -> str:
    with translation.override(language):
        return wording.card(part.examination).heading


def _series(one: PlannedSeries, made: Prepared, number: int) -> Json:
    card = one.card
    return {
        "folder": folder_name(number),
        "title": card.title,
        "modality": card.modality,
        "bodyPart": one.series.body_part_examined,
        "frameTime": frame_time(one),
        "thumbnail": _thumbnail(one) if number <= THUMBNAILS_MOST else "",
        "looks": made.looks,
        "images": made.images,
        "clips": made.clips if any(count > 1 for count in made.clips) else [],
        "chunks": [chunk.frames for chunk in made.chunks],
    }


def frame_time(one: PlannedSeries) -> float:
    """Milliseconds a frame of a film stays; 0 = still images."""
    moves = one.card.modality in FILMS and one.card.frame_count > one.card.instance_count
    return round(one.card.frame_time_ms, 2) if moves else 0.0


def _thumbnail(one: PlannedSeries) -> str:
    if one.series.thumbnail_id is None:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(blobs.read(one.series.thumbnail_id)).decode()


def _report(version: VersionPane, pages: Iterator[int], inline: bool) -> Json:
    pictures, texts, left_out = [], [], False
    for file in version.files:
        names = [report_name(next(pages)) for _ in file.pages]
        pictures += names if inline else [f"VIEWER/{name}" for name in names]
        if not file.pages and file.html:
            texts.append(_as_text(file.html))
        left_out |= not file.pages and not file.html
    paragraphs = [
        {"heading": part.heading, "paragraphs": list(part.paragraphs)} for part in version.parts
    ] + [{"heading": "", "paragraphs": re.split(r"\n\s*\n", text)} for text in texts]
    return {
        "title": str(version.title),
        "date": f"{clock.local_date(version.issued_at):%d.%m.%Y}",
        "pages": pictures,
        "alternatives": [page.text for file in version.files for page in file.pages],
        "parts": paragraphs,
        "elsewhere": left_out,
    }


def _as_text(narrative: str) -> str:
    """The HTML that was made of a CDA document, as paragraphs."""
    return unescape(strip_tags(re.sub(r"</(p|li|tr|h\d|div|caption)>|<br ?/?>", "\n\n", narrative))).strip()


def _json(value: Json) -> str:
    """Safe inside a script of HTML; keys in order, so that the same facts are the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).translate(ESCAPES)


@once
def _built(name: str) -> bytes:
    return (BUILT / name).read_bytes()
