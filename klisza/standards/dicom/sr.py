"""The text of a structured report (PS3.3 C.17.3): Basic Text, Enhanced and Comprehensive SR.

Runs in the sandbox only: no Django, no database. Dose and CAD reports, key objects and logs are other classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom import dcmread

DEPTH_MOST = 30
ITEMS_MOST = 5_000
TEXT_MOST = 200_000  # characters
# Observer, procedure and subject context stand beside the report, not in it.
SPOKEN = frozenset({"CONTAINS", "HAS PROPERTIES", "INFERRED FROM", ""})


def read(path: str) -> dict[str, Any]:
    """Returns {"is_final", "titles", "title", "date", "time", "signed_by", "sections": [{"title", "paragraphs"}]}.

    is_final: complete and verified. titles: code and meaning of the document's concept name, for the rule of
    the sender. date: YYYYMMDD, time: HHMMSS, or "". Raises ValueError when it says nothing.
    """
    ds = dcmread(path, stop_before_pixels=True)
    sections = [section for section in _Reader().sections(ds) if section["paragraphs"]]
    if not sections:
        raise ValueError("the structured report has no text")
    complete, verified = str(ds.get("CompletionFlag", "")), str(ds.get("VerificationFlag", ""))
    verified_at = str(_first(ds.get("VerifyingObserverSequence")).get("VerificationDateTime") or "")
    return {
        "is_final": (complete, verified) == ("COMPLETE", "VERIFIED"),
        "titles": _codes(ds),
        "title": _meaning(ds.get("ConceptNameCodeSequence")),
        "date": verified_at[:8] or str(ds.get("ContentDate") or ds.get("StudyDate") or "")[:8],
        "time": verified_at[8:14] or str(ds.get("ContentTime") or "")[:6],
        "signed_by": _signed_by(ds),
        "sections": sections,
    }


class _Reader:
    def __init__(self) -> None:
        self.items, self.text = ITEMS_MOST, TEXT_MOST

    def sections(self, ds: Any) -> Iterator[dict[str, Any]]:
        """One for each container right below the root; what lies loose between them keeps its place."""
        loose: list[str] = []
        for item in ds.get("ContentSequence") or ():
            if str(item.get("ValueType", "")) != "CONTAINER":
                loose += self._lines(item, 1)
                continue
            yield _section("", loose)
            loose = []
            lines = [line for child in item.get("ContentSequence") or () for line in self._lines(child, 2)]
            yield _section(_meaning(item.get("ConceptNameCodeSequence")), lines)
        yield _section("", loose)

    def _lines(self, item: Any, depth: int) -> Iterator[str]:
        self.items -= 1
        if self.items < 0 or depth > DEPTH_MOST:
            raise ValueError("the structured report is larger or deeper than one may be")
        if str(item.get("RelationshipType", "")) not in SPOKEN:
            return
        said = _said(item)[: self.text]
        self.text -= len(said)
        if said:
            yield said
        for child in item.get("ContentSequence") or ():
            yield from self._lines(child, depth + 1)


def _section(title: str, lines: list[str]) -> dict[str, Any]:
    return {"title": title, "paragraphs": lines}


def _said(item: Any) -> str:
    kind, name = str(item.get("ValueType", "")), _meaning(item.get("ConceptNameCodeSequence"))
    value = _value(kind, item).strip()
    if kind == "CONTAINER":
        return name
    if not value:
        return ""
    # A text is the finding itself; its concept name is only "Finding".
    return value if kind == "TEXT" or not name else f"{name}: {value}"


def _value(kind: str, item: Any) -> str:
    if kind == "TEXT":
        return str(item.get("TextValue") or "")
    if kind == "CODE":
        return _meaning(item.get("ConceptCodeSequence"))
    if kind == "NUM":
        measured = _first(item.get("MeasuredValueSequence"))
        unit = _meaning(measured.get("MeasurementUnitsCodeSequence"))
        return f"{measured.get('NumericValue') or ''} {'' if unit == 'no units' else unit}"
    if kind == "DATE":
        day = str(item.get("Date") or "")
        return f"{day[6:8]}.{day[4:6]}.{day[:4]}" if len(day) == 8 else day
    return ""


def _codes(ds: Any) -> list[str]:
    concept = _first(ds.get("ConceptNameCodeSequence"))
    named = (ds.get("DocumentTitle"), concept.get("CodeValue"), concept.get("CodeMeaning"))
    return [str(one) for one in named if one]


def _signed_by(ds: Any) -> str:
    """Family^Given^Middle^Prefix^Suffix as it is read aloud."""
    name = str(_first(ds.get("VerifyingObserverSequence")).get("VerifyingObserverName") or "")
    parts = [*name.partition("=")[0].split("^"), "", "", "", ""]
    return " ".join(part.strip() for part in (parts[3], parts[1], parts[0]) if part.strip())


def _meaning(sequence: Any) -> str:
    return str(_first(sequence).get("CodeMeaning") or "").strip()


def _first(sequence: Any) -> Any:
    return next(iter(sequence or ()), {})
