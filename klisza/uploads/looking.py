"""What is in a stranger's file: called in the sandbox only, knows neither Django nor the database.

The content decides, never the name; the name only tells a file that pretends from one that does not.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HEAD, TAIL, PIECE = 132 + 65_536 + 64, 66_000, 1024 * 1024
LARGEST_PICTURE, LARGEST_PDF = 200 * 1024**2, 500 * 1024**2
LARGEST_BIG_ENDIAN = 256 * 1024**2  # it is turned round in memory
MOST_PIXELS = 250_000_000
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# Programs of a patient CD's viewer, and what they bring along.
PROGRAMS = (
    b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"MSCF", b"#!", b"\xd0\xcf\x11\xe0",
)  # fmt: skip
OTHER_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "WEBP": "image/webp", "GIF": "image/gif",
            "BMP": "image/bmp", "HEIF": "image/heif", "AVIF": "image/avif", "MPO": "image/jpeg"}  # fmt: skip
PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"GIF8", b"BM")
ACTIVE = re.compile(
    rb"<\s*(!doctype\s+html|html|svg|script|head|body|iframe|xml-stylesheet)\b|<\?xml", re.IGNORECASE
)
CLAIMS = re.compile(r"\.(pdf|jpe?g|png|tiff?|heic|heif|webp|gif|bmp|dcm|zip)$", re.IGNORECASE)


@dataclass
class Verdict:
    """kind, state, reason as HandedFile keeps them; state: sorted | quarantined | refused | skipped | unpack."""

    kind: str = "other"
    state: str = "sorted"
    reason: str = ""
    media_type: str = ""
    sha256: str = ""
    dataset_sha256: str = ""
    person: dict[str, Any] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""


class _No(Exception):
    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


def look(files: list[dict[str, Any]], most_dicom: int) -> list[dict[str, Any]]:
    """files: [{path, offset, length, name, in_folder}]; `path` on the disk, `name` as the patient's machine says.

    in_folder: chosen with a whole medium, of which not everything is for us. Returns a Verdict for each.
    """
    return [asdict(_look(File(**one), most_dicom)) for one in files]


@dataclass(frozen=True)
class File:
    path: str
    offset: int
    length: int
    name: str
    in_folder: bool

    def part(self, offset: int, length: int) -> bytes:
        with Path(self.path).open("rb") as file:
            file.seek(self.offset + offset)
            return file.read(max(0, min(length, self.length - offset)))

    @property
    def head(self) -> bytes:
        return self.part(0, HEAD)

    @property
    def tail(self) -> bytes:
        return self.part(max(0, self.length - TAIL), TAIL)

    def sha256(self, begin: int = 0) -> str:
        digest = hashlib.sha256()
        for at in range(begin, self.length, PIECE):
            digest.update(self.part(at, PIECE))
        return digest.hexdigest()

    @property
    def pretends(self) -> bool:
        return CLAIMS.search(self.name) is not None


def _look(file: File, most_dicom: int) -> Verdict:
    verdict = Verdict(sha256=file.sha256())
    try:
        _judge(file, verdict, most_dicom)
    except _No as no:
        verdict.state, verdict.reason = no.state, no.reason
    return verdict


def _judge(file: File, verdict: Verdict, most_dicom: int) -> None:
    if file.length == 0:
        raise _No("refused", "empty")
    head = file.head
    if _is_dicom(head):
        verdict.kind = "dicom"
        _dicom(file, verdict, most_dicom)
    elif head.startswith(ZIP_STARTS):
        verdict.kind = "archive"
        _zip(file, verdict)
    elif b"%PDF-" in head[:1024]:
        verdict.kind = "pdf"
        _pdf(file, head, verdict)
    elif head.startswith(PICTURE_STARTS) or head[:4] == b"RIFF" or head[4:8] == b"ftyp":
        verdict.kind = "image"
        _picture(file, verdict)
    else:
        _other(file, head)


def _is_dicom(head: bytes) -> bool:
    from klisza.standards.dicom.errors import NotDicom, Unreadable
    from klisza.standards.dicom.part10 import split

    try:
        split(head)
    except NotDicom:
        return False
    except Unreadable:
        return True
    # Without prefix and meta group only its first element speaks for it: what follows must as well.
    return head[128:132] == b"DICM" or head[:2] == b"\x02\0" or _two_elements(head)


def _two_elements(head: bytes) -> bool:
    """The second element of a bare data set stands behind the first, in the same or a later group."""
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    length = int.from_bytes(head[6:8] if explicit else head[4:8], "little")
    at = 8 + length
    if len(head) < at + 4:
        return False
    return int.from_bytes(head[at : at + 2], "little") in (0x0008, 0x0010) or head[4:6] == b"UL"


def _dicom(file: File, verdict: Verdict, most: int) -> None:
    from klisza.standards.dicom.errors import Unreadable
    from klisza.standards.dicom.part10 import split
    from klisza.standards.dicom.uids import MEDIA_STORAGE_DIRECTORY

    verdict.media_type = "application/dicom"
    if file.length > most:
        raise _No("refused", "too_large")
    try:
        found = split(file.head)
        if found.sop_class_uid == MEDIA_STORAGE_DIRECTORY or file.name.upper() == "DICOMDIR":
            raise _No("skipped", "medium_index")  # its references are never followed (R27)
        _header(file, found.offset, found.transfer_syntax_uid, verdict)
    except Unreadable:
        raise _No("quarantined", "damaged") from None


def _header(file: File, offset: int, syntax: str, verdict: Verdict) -> None:
    from klisza.standards.dicom.uids import EXPLICIT_BE, EXPLICIT_LE

    if syntax != EXPLICIT_BE:
        verdict.dataset_sha256 = file.sha256(offset)
        _describe(file, offset, syntax, verdict)
        return
    # The original is kept; whoever reads it turns it round as here (standards/dicom/reconcile.py).
    with tempfile.TemporaryDirectory() as folder:
        little, begin = _turned_round(file, Path(folder))
        verdict.dataset_sha256 = little.sha256(begin)
        _describe(little, begin, EXPLICIT_LE, verdict)
    verdict.facts["transfer_syntax_uid"] = syntax


def _turned_round(file: File, folder: Path) -> tuple[File, int]:
    """(the same in Explicit VR Little Endian, where its data set begins)."""
    from klisza.standards.dicom.big_endian import to_explicit_le
    from klisza.standards.dicom.part10 import split
    from klisza.standards.dicom.reconcile import MISTAKES

    if file.length > LARGEST_BIG_ENDIAN:
        raise _No("quarantined", "big_endian")
    source, target = folder / "big", folder / "little"
    source.write_bytes(file.part(0, file.length))
    try:
        to_explicit_le(str(source), str(target))
    except (*MISTAKES, EOFError, IndexError):
        raise _No("quarantined", "big_endian") from None
    little = File(str(target), 0, target.stat().st_size, file.name, file.in_folder)
    return little, split(little.head).offset


def _describe(file: File, offset: int, syntax: str, verdict: Verdict) -> None:
    from klisza.standards.dicom.header import read_header
    from klisza.standards.dicom.uids import is_uid

    with (
        Path(file.path).open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as whole,
        memoryview(whole) as view,
        view[file.offset + offset : file.offset + file.length] as dataset,
    ):
        header = read_header(dataset, syntax)
    uids = (
        header.sop_instance_uid,
        header.series_instance_uid,
        header.study_instance_uid,
        header.sop_class_uid,
    )
    if not all(is_uid(uid) for uid in uids):
        raise _No("quarantined", "damaged")
    verdict.sop_instance_uid, verdict.series_instance_uid, verdict.study_instance_uid, _class = uids
    born = header.patient_birth_date.isoformat() if header.patient_birth_date else ""
    issuer = header.universal_entity_id or header.issuer_of_patient_id
    verdict.person = person_of(header.patient_name, born, header.patient_id, issuer)
    verdict.facts = {
        "modality": header.modality,
        "study_date": header.study_date.isoformat() if header.study_date else "",
        "study_description": header.study_description,
        "series_description": header.series_description,
        "accession_number": header.accession_number,
        "institution_name": header.institution_name,
        "transfer_syntax_uid": syntax,
    }


def person_of(name: str, birth_date: str, number: str, issuer: str) -> dict[str, Any] | None:
    """Family and given name of a PN: alphabetic group, before any '=' (PS3.5 6.2.1)."""
    family, _, rest = name.partition("=")[0].partition("^")
    given = " ".join(part for part in rest.split("^")[:2] if part)
    if not (family.strip() or given.strip() or number):
        return None
    ids = [[issuer[:128], number[:128]]] if number else []
    return {
        "family": family.strip()[:200],
        "given": given.strip()[:200],
        "birth_date": birth_date,
        "ids": ids,
    }


def _zip(file: File, verdict: Verdict) -> None:
    verdict.media_type = "application/zip"
    if file.name.rpartition(".")[2].lower() in ("docx", "xlsx", "pptx", "odt", "ods", "jar", "apk", "epub"):
        _unwanted(file)
    verdict.state = "unpack"


def _pdf(file: File, head: bytes, verdict: Verdict) -> None:
    verdict.media_type = "application/pdf"
    before = head[: head.index(b"%PDF-")]
    if ACTIVE.search(before) or before.startswith((*PROGRAMS, *PICTURE_STARTS)) or _has_zip_behind(file):
        raise _No("quarantined", "two_in_one")
    if file.length > LARGEST_PDF:
        raise _No("refused", "too_large")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(file.part(0, file.length))
    except pypdfium2.PdfiumError as fault:
        raise _No("refused", "locked" if "assword" in str(fault) else "damaged") from None
    with document:
        verdict.facts = {"pages": len(document)}
    if not verdict.facts["pages"]:
        raise _No("refused", "damaged")


def _picture(file: File, verdict: Verdict) -> None:
    import io

    import pi_heif
    from PIL import Image, UnidentifiedImageError

    if file.length > LARGEST_PICTURE:
        raise _No("refused", "too_large")
    if _has_zip_behind(file):
        raise _No("quarantined", "two_in_one")
    if _is_cut_off(file):
        raise _No("refused", "cut_off")
    pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(file.part(0, file.length))) as picture:
            verdict.media_type = PICTURES.get(picture.format or "", "")
            if picture.width * picture.height > MOST_PIXELS:
                raise _No("refused", "too_large")
            verdict.facts = {"pages": getattr(picture, "n_frames", 1)}
            picture.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _No("refused", "too_large") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise _No("refused", "damaged") from None
    if not verdict.media_type:
        _unwanted(file)


def _is_cut_off(file: File) -> bool:
    """HEIC and AVIF (ISO/IEC 14496-12 4.2): boxes one behind the other, the last one longer than what has come.

    The library draws such a picture without a word, with grey where the rest was.
    """
    at = 0
    while at + 8 <= file.length:
        head = file.part(at, 16)
        if at == 0 and head[4:8] != b"ftyp":
            return False
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # to the end of the file
            return False
        if length < 8:
            return True
        at += length
    return at > file.length


def _has_zip_behind(file: File) -> bool:
    """A picture or PDF that is a ZIP as well, for who reads it from its end."""
    tail = file.tail
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and b"PK\x01\x02" in tail[:at]


def _other(file: File, head: bytes) -> None:
    if head.startswith(PROGRAMS):
        if file.pretends:
            raise _No("quarantined", "disguised")
        raise _No("skipped" if file.in_folder else "refused", "program")
    if ACTIVE.search(head[:4096]):
        raise (
            _No("refused", "disguised" if file.pretends else "active")
            if not _belongs_to_medium(file)
            else _No("skipped", "accessory")
        )
    if head.startswith(OTHER_ARCHIVES):
        raise _No("refused", "other_archive")
    if file.pretends:
        raise _No("refused", "damaged")
    _unwanted(file)


def _belongs_to_medium(file: File) -> bool:
    return file.in_folder and not file.pretends


def _unwanted(file: File) -> None:
    raise _No("skipped", "accessory") if file.in_folder else _No("refused", "type")
