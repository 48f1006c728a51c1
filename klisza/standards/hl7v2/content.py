"""OBX: text in sections, attachments, pointers and the studies a report speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import embedded, types
from .errors import Refusal
from .escapes import plain
from .facts import Attachment, Pointer, Section
from .reading import Reading
from .segments import Segment, Value

STUDY_CODES = {"113014", "110180"}  # DCM: DICOM Study; Study Instance UID
STUDY_NAMES = {"study instance uid", "studyinstanceuid", "dicom study"}
TEXTS = {"TX", "FT", "ST", ""}  # separators in them are text
CODED = {"CE", "CWE", "CNE", "CF"}
REFERENCES = {"HD", "UI", "EI"}
LONGEST_TEXT = 2_000_000
WITHDRAWN = {"D", "X", "W"}
COUNTING = {"F", "C", "A", "U"}  # OBX-11 (HL70085) of what may be read; empty: as the whole report


@dataclass
class Content:
    """statuses: OBX-11 of what carries content. sub_ids: OBX-4 of it."""

    sections: tuple[Section, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    statuses: list[str] = field(default_factory=list)
    sub_ids: list[str] = field(default_factory=list)
    observers: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.sections[0].paragraphs[0] if self.sections else ""


@dataclass
class _Text:
    title: str
    lines: list[str] = field(default_factory=list)


def content(reading: Reading, segments: Iterable[Segment]) -> Content:
    """Of the OBX of one report, in the order of OBX-1. Raises Refusal AE 102 at OBX^n^5.

    Where some of it counts, what is taken back or not final in it is left out; the statuses name all.
    """
    segments = list(segments)
    some_count = any(_counts(segment) for segment in segments if segment.name == "OBX")
    found = Content()
    texts: dict[str, _Text] = {}
    attachments: list[Attachment] = []
    pointers: list[Pointer] = []
    for obx in _ordered([segment for segment in segments if segment.name == "OBX"]):
        if _study(obx) is not None:
            continue
        kind = obx.part(2, limit=3).upper()
        _note(found, obx)
        if some_count and obx.part(11) and not _counts(obx):
            continue
        if kind == "ED":
            attachments += _attached(reading, obx)
        elif kind == "RP":
            pointers += _pointed(obx)
        elif kind not in REFERENCES:
            code, title = types.code(obx.first(3))
            texts.setdefault(code or title, _Text(title)).lines.extend(_lines(kind, obx))
    found.sections = tuple(_sections(texts))
    found.attachments, found.pointers = tuple(attachments), tuple(pointers)
    return found


def _counts(obx: Segment) -> bool:
    return _study(obx) is None and obx.part(11, limit=1).upper() in COUNTING


def studies(segments: Iterable[Segment]) -> tuple[str, ...]:
    """StudyInstanceUIDs that the OBX name (RAD-28, RAD-128)."""
    named = (_study(segment) for segment in segments if segment.name == "OBX")
    return tuple(dict.fromkeys(filter(None, named)))


def has_content(segments: Iterable[Segment]) -> bool:
    """Is there anything to read besides references to images?"""
    return any(segment.name == "OBX" and _study(segment) is None for segment in segments)


def _ordered(segments: list[Segment]) -> list[Segment]:
    """By OBX-1 where each has its own number; else as they came."""
    numbers = [segment.part(1, limit=6) for segment in segments]
    if len(set(numbers)) < len(numbers) or not all(
        number.isascii() and number.isdigit() for number in numbers
    ):
        return segments
    return [
        segment
        for _, segment in sorted(zip(map(int, numbers), segments, strict=True), key=lambda pair: pair[0])
    ]


def _note(found: Content, obx: Segment) -> None:
    if status := obx.part(11, limit=1).upper():
        found.statuses.append(status)
    if sub_id := obx.part(4, limit=32):
        found.sub_ids.append(sub_id)
    if observer := types.professional(obx.first(16)):
        found.observers.append(observer)


def _study(obx: Segment) -> str | None:
    """The UID an OBX names; "" for other references to images; None: it is content."""
    if obx.part(2, limit=3).upper() not in {"HD", "ST", "UI", "TX", "EI"}:
        return None
    code, name = obx.part(3), obx.part(3, 2).lower()
    if code in STUDY_CODES or name in STUDY_NAMES:
        return types.uid(obx.part(5))
    return "" if name.endswith("instance uid") and types.uid(obx.part(5)) else None


def _lines(kind: str, obx: Segment) -> list[str]:
    """Lines of text; an empty one ends a paragraph. Each repetition of FT is a paragraph of its own."""
    if len(obx.raw_field(5)) > LONGEST_TEXT:
        raise Refusal("AE", "102", f"OBX^{obx.number}^5", "text too long")
    lines: list[str] = []
    for value in obx.all(5) or [Value("", obx.dialect)]:
        text = _shown(kind, value, obx)
        lines += [line.strip() for line in text.split("\n")]
        if kind == "FT":
            lines.append("")
    return ["", *lines, ""] if kind in CODED else lines


def _shown(kind: str, value: Value, obx: Segment) -> str:
    if kind in TEXTS:
        return value.text()
    if kind in CODED:
        return types.code(value)[1]
    separators = value.dialect.separators
    text = plain(value.dialect.clear(" ".join(filter(None, value.raw.split(separators.component)))))
    unit = obx.part(6)
    return "" if value.is_null else f"{text.strip()} {unit}".strip()


def _sections(texts: dict[str, _Text]) -> Iterable[Section]:
    for code, text in texts.items():
        paragraphs = tuple(_paragraphs(text.lines))
        if paragraphs:
            yield Section(code, text.title, paragraphs)


def _paragraphs(lines: Iterable[str]) -> Iterable[str]:
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line:
            paragraph.append(line)
        elif paragraph:
            yield "\n".join(paragraph)
            paragraph = []


def _attached(reading: Reading, obx: Segment) -> list[Attachment]:
    title = types.code(obx.first(3))[1]
    found = [embedded.attachment(value, f"OBX^{obx.number}^5", title) for value in obx.all(5)]
    if not any(found):
        reading.warn("OBX-5: an attachment without data")
    return [attachment for attachment in found if attachment]


def _pointed(obx: Segment) -> list[Pointer]:
    """RP: the address with separators nobody escaped (an & in a query is no sub-component)."""
    found = []
    for value in obx.all(5):
        address = plain(value.dialect.clear(value.component(1))).strip()
        if address and not value.is_null:
            found.append(Pointer(address[:2000], embedded.media_type(value.part(3), value.part(4))))
    return found
