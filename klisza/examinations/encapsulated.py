"""The PDF inside an Encapsulated PDF object (PS3.3 A.45.1).

Runs in the sandbox only: no Django, no database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom import dcmread

TITLE_MOST = 200


def extract(path: str, name: str) -> dict[str, Any]:
    """Write the PDF as `name` into the working directory.

    Returns {"title", "titles": what the sender's rule may name, "date": "YYYYMMDD" or "", "time": "HHMMSS" or
    ""}. Raises ValueError when there is no PDF in it.
    """
    ds = dcmread(path)
    if str(ds.get("MIMETypeOfEncapsulatedDocument", "application/pdf")).strip().lower() != "application/pdf":
        raise ValueError("the encapsulated document is not a PDF")
    pdf = bytes(ds.EncapsulatedDocument)
    length = int(ds.get("EncapsulatedDocumentLength", 0) or 0)
    # The value is padded to an even length; older senders do not say how long the document is.
    pdf = pdf[:length] if 0 < length <= len(pdf) else pdf.rstrip(b"\x00")
    if b"%PDF-" not in pdf[:1024]:
        raise ValueError("the encapsulated document is not a PDF")
    Path(name).write_bytes(pdf)
    return {
        "title": _title(ds),
        "titles": _titles(ds),
        "date": _first(ds, "ContentDate", "StudyDate")[:8],
        "time": _first(ds, "ContentTime")[:6],
    }


def _title(ds: Any) -> str:
    concept: Any = next(iter(ds.get("ConceptNameCodeSequence") or ()), {})
    return str(ds.get("DocumentTitle") or concept.get("CodeMeaning") or "")[:TITLE_MOST]


def _titles(ds: Any) -> list[str]:
    concept: Any = next(iter(ds.get("ConceptNameCodeSequence") or ()), {})
    named = (ds.get("DocumentTitle"), concept.get("CodeValue"), concept.get("CodeMeaning"))
    return [str(one) for one in named if one]


def _first(ds: Any, *keywords: str) -> str:
    return next((str(ds.get(keyword)) for keyword in keywords if ds.get(keyword)), "")
