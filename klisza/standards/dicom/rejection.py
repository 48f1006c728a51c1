"""Rejection notes: Key Object Selection documents that take instances back (IHE IOCM, PS3.16 CID 7011).

Read by the bounded scanner, as everything that arrives: a note is hostile until proven otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import TooComplex
from .inflate import inflated
from .scan import MAX_VALUE, Buffer, Level, Walk
from .uids import DEFLATED_LE, IMPLICIT_LE

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
QUALITY, SAFETY, WRONG_WORKLIST_ENTRY, RETENTION = "113001", "113037", "113038", "113039"
REJECTIONS = (QUALITY, SAFETY, WRONG_WORKLIST_ENTRY, RETENTION)

REFERENCES_MOST = 100_000

_TITLE, _EVIDENCE = 0x0040A043, 0x0040A375
_SERIES, _INSTANCES = 0x00081115, 0x00081199
_CODE, _SCHEME = 0x00080100, 0x00080102
_STUDY_UID, _SOP_INSTANCE_UID = 0x0020000D, 0x00081155


@dataclass(frozen=True)
class Note:
    """code: the title of the document, with its scheme, "" for another scheme than DCM.

    named: study instance UID -> SOP instance UIDs.
    """

    code: str
    named: dict[str, list[str]]

    @property
    def is_rejection(self) -> bool:
        return self.code in REJECTIONS


def read_note(data: Buffer, transfer_syntax_uid: str) -> Note:
    """Title and evidence of a Key Object Selection document as it travels. Raises Unreadable."""
    if transfer_syntax_uid == DEFLATED_LE:
        with inflated(data) as clear:
            return _NoteWalk(clear, False, frozenset()).note()
    return _NoteWalk(data, transfer_syntax_uid == IMPLICIT_LE, frozenset()).note()


@dataclass
class _Study:
    item: Level
    uid: str = ""
    instances: list[str] = field(default_factory=list)


class _NoteWalk(Walk):
    """Levels at a value: data set, sequence, item = 3 for the title; 7 for a referenced instance."""

    def note(self) -> Note:
        self.title: dict[int, str] = {}
        self.studies: list[_Study] = []
        self.count = 0
        self.run()
        named: dict[str, list[str]] = {}
        for study in self.studies:
            named.setdefault(study.uid, []).extend(study.instances)
        named.pop("", None)
        return Note(self.title.get(_CODE, "") if self.title.get(_SCHEME) == "DCM" else "", named)

    def keep_nested(self, sequence: int, tag: int, start: int, length: int) -> None:
        depth = len(self.levels)
        if depth == 3 and sequence == _TITLE and tag in (_CODE, _SCHEME):
            self.title.setdefault(tag, self._text(start, length))
        elif tag == _STUDY_UID and depth == 3 and sequence == _EVIDENCE:
            self._study().uid = self._text(start, length)
        elif tag == _SOP_INSTANCE_UID and depth == 7 and self._path() == (_EVIDENCE, _SERIES, _INSTANCES):
            self.count += 1
            if self.count > REFERENCES_MOST:
                raise TooComplex(f"a note that names more than {REFERENCES_MOST} instances")
            self._study().instances.append(self._text(start, length))

    def _path(self) -> tuple[int, ...]:
        return tuple(level.tag for level in self.levels[2::2])

    def _study(self) -> _Study:
        """Of the item that is open: its UID may stand before or behind its instances."""
        item = self.levels[2]
        if not self.studies or self.studies[-1].item is not item:
            self.studies.append(_Study(item))
        return self.studies[-1]

    def _text(self, start: int, length: int) -> str:
        return bytes(self.data[start : start + min(length, MAX_VALUE)]).decode("latin-1").strip("\0 ")
