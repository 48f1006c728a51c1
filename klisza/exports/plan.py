"""From what a copy holds to every file of its ZIP: a pure function of the row and of what the archive knows.

Asked again for each piece of a download; when the answer differs (something was hidden, corrected, or came) there is
nothing to go on with, and the copy is begun anew.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.utils import translation

from klisza.archive.services import describe
from klisza.base import clock
from klisza.base.ids import opaque_uid
from klisza.blobs import services as blobs
from klisza.patients.viewer import Viewer
from klisza.standards.dicom.dicomdir import Directory, Leaf
from klisza.standards.dicom.uids import EXPLICIT_LE
from klisza.standards.zip.layout import Archive, Member

from . import pdi, queries
from .converting import Converter
from .models import Export
from .offline import members as offline
from .offline import phone
from .options import Options
from .queries import Content, Folder, Image

LEVELS = ("PATIENT", "STUDY", "SERIES")


@dataclass(frozen=True)
class Plan:
    """listing: [name, bytes, hash, instance] of every file, in the order of the ZIP. left_out: of the DICOMDIR."""

    content: Content
    members: list[Member]
    listing: list[list[str | int]]

    @property
    def fingerprint(self) -> str:
        rows = [(member.name, member.size, member.crc32) for member in self.members]
        return hashlib.sha256(json.dumps([rows, self.listing]).encode()).hexdigest()

    @property
    def packed_listing(self) -> bytes:
        return gzip.compress(json.dumps(self.listing).encode(), mtime=0)

    def archive(
        self, export: Export, *, password: bytes = b"", watch: Callable[[int], None] | None = None
    ) -> Archive:
        known = {int(number): crc32 for number, crc32 in export.checksums.items()}
        return Archive(
            self.members, modified=export.started_at.astimezone(clock.local_zone()), password=password,
            secret=bytes(export.secret), checksums=known, watch=watch,
        )  # fmt: skip


def make(export: Export, viewer: Viewer, converter: list[Converter] | None = None) -> Plan:
    """converter: gets the one that must be closed when the plan has been read. Raises Unavailable when the viewer's
    pictures are not there (any more)."""
    options = Options.of(export.options)
    found = content(export, viewer)
    with translation.override(options.language):
        return _made(export, found, options, converter)


def content(export: Export, viewer: Viewer) -> Content:
    """With checksums of everything; normally they stand in the index, else they are made now."""
    options = Options.of(export.options)
    found = queries.content(viewer, export.examinations_asked, options)
    missing = [image.id for image in found.images if image.crc32 is None]
    if missing:
        describe(missing)
        found = queries.content(viewer, export.examinations_asked, options)
    return found


def wanted_viewer(found: Content) -> offline.Plan:
    return offline.plan(
        [
            offline.Part(
                part.examination,
                frozenset(image.id for folder in part.folders for image in folder.images),
                with_images=bool(part.folders),
                with_reports=bool(part.papers),
            )
            for part in found.parts
        ]
    )


def _made(export: Export, found: Content, options: Options, converter: list[Converter] | None) -> Plan:
    convertible = [image for image in found.images if options.plain and image.explicit_size]
    plain = Converter(convertible)
    if converter is None:
        plain.__exit__(None, None, None)  # only lengths are asked for
    else:
        converter.append(plain)
    turned = frozenset(image.id for image in convertible)
    directory = _directory(found, turned)
    about = pdi.About(found, options, left_out=len(found.images) - directory.entered)
    texts: list[Member] = []
    if found.images:
        texts.append(_of_bytes("DICOMDIR", directory.encoded(uid=opaque_uid(export.pk))))
    texts += [_of_bytes(name, data) for name, data in pdi.texts(about)]
    texts += list(_web_pictures(found))
    if options.viewer and found.images:
        texts += _viewer(found, options, about)
    else:
        texts.append(_of_bytes("INDEX.HTM", pdi.index(about)))
    if options.pictures:
        texts += [_of_offline(one) for one in phone.pictures(wanted_viewer(found))]
    texts.sort(key=lambda member: member.name != "README.TXT")
    papers = [_of_paper(paper) for paper in found.papers]
    images = [_of_image(image, plain if image.id in turned else None) for image in found.images]
    listing = [_listed(member) for member in texts]
    listing += [[paper.name, paper.size, paper.sha256 or _sha256(paper.text), ""] for paper in found.papers]
    listing += [
        [member.name, member.size, image.sha256, str(image.id)]
        for image, member in zip(found.images, images, strict=True)
    ]
    return Plan(found, texts + papers + images, listing)


def _directory(found: Content, turned: frozenset[object]) -> Directory:
    """Images come first in a folder of their own order, so that a study's record is that of its images."""
    directory = Directory()
    for folder in found.folders:
        above = _above(folder)
        if above is None:
            continue
        for image in folder.images:
            if image.kind:
                syntax = EXPLICIT_LE if image.id in turned else image.transfer_syntax_uid
                directory.add(
                    Leaf(
                        image.kind,
                        bytes(image.record),
                        image.path,
                        image.sop_class_uid,
                        image.sop_instance_uid,
                        syntax,
                        above,
                    )
                )
    return directory


def _above(folder: Folder) -> tuple[tuple[str, bytes], tuple[str, bytes], tuple[str, bytes]] | None:
    if any(level not in folder.records for level in LEVELS):
        return None
    patient, study, series = (
        (key, base64.b64decode(folder.records[level])) for key, level in zip(folder.keys, LEVELS, strict=True)
    )
    return patient, study, series


def _viewer(found: Content, options: Options, about: pdi.About) -> list[Member]:
    wanted = wanted_viewer(found)
    made = offline.viewer(wanted, language=options.language, links=pdi.links(about))
    single = offline.single(wanted, language=options.language)
    return [_of_offline(one) for one in [*made, *([single] if single else [])]]


def _of_offline(one: offline.Member) -> Member:
    return Member(one.name, one.size, one.crc32, one.stream)


def _web_pictures(found: Content) -> Iterator[Member]:
    """One preview of each series for the page that any browser shows (PDI web content: XHTML and JPEG)."""
    keys = pdi.previews(found)
    checksums = blobs.checksums(key for _, key, _ in keys)
    for name, key, size in keys:
        yield Member(name, size, checksums[key], partial(blobs.stream, key))


def _of_paper(paper: queries.Paper) -> Member:
    if paper.text:
        return _of_bytes(paper.name, paper.text)
    return Member(
        paper.name,
        paper.size,
        blobs.checksums([paper.blob_key])[paper.blob_key],
        partial(blobs.stream, paper.blob_key),
    )


def _of_image(image: Image, plain: Converter | None) -> Member:
    if plain:
        return Member(image.name, image.explicit_size, None, partial(plain.read, image))
    return Member(image.name, image.size, image.crc32, partial(blobs.without_preamble, image.blob_key))


def _of_bytes(name: str, data: bytes) -> Member:
    return Member(name, len(data), zlib.crc32(data), lambda offset: iter([data[offset:]]))


def _listed(member: Member) -> list[str | int]:
    return [member.name, member.size, f"crc32 {member.crc32 or 0:08x}", ""]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
