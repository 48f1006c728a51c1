"""PDF pages as pictures and text; a hostile PDF harms nobody."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from klisza.audit.actor import SYSTEM
from klisza.base.errors import BadMessage, NotFound, SandboxFailed
from klisza.blobs import services as blobs
from klisza.documents import jobs, queries, services
from klisza.documents.models import Document
from tests.examinations.given import a_patient, moment, pdf
from tests.portal import ROOT

pytestmark = pytest.mark.django_db
REPORTS = ROOT / "klisza" / "operations" / "demo" / "data" / "reports"


def kept(body: bytes, **fields: Any) -> Document:
    values = {"kind": "report", "title": "Opis", "issued_at": moment(21), "by": SYSTEM}
    return services.add_document(patient=a_patient(), pdf=body, **{**values, **fields})


def rendered(body: bytes) -> Document:
    document = kept(body)
    jobs.run_rendering()
    document.refresh_from_db()
    return document


def blank_pages(*sizes: tuple[int, int]) -> bytes:
    document, out = pypdfium2.PdfDocument.new(), io.BytesIO()
    for size in sizes:
        document.new_page(*size).close()
    document.save(out)
    document.close()
    return out.getvalue()


def test_a_report_becomes_picture_and_text() -> None:
    document = rendered((REPORTS / "TK-2026-11804.pdf").read_bytes())
    page = queries.pages_of(document)[0]
    picture = Image.open(io.BytesIO(blobs.read(page.image_id)))
    assert picture.size == (page.width, page.height)
    assert 1235 <= page.width <= 1245
    assert "Nie uwidoczniono zmian ogniskowych" in page.text
    assert document.pages == 1


def test_every_real_pdf_is_rendered_or_marked(samples: Path) -> None:
    bodies = [file.read_bytes() for file in sorted((samples / "documents").rglob("*.pdf"))]
    if not bodies:
        pytest.skip("the core set has no PDF documents")
    documents = [kept(body) for body in bodies if b"%PDF-" in body[:1024]]
    while jobs.run_rendering():
        pass
    for document in documents:
        document.refresh_from_db()
        assert document.rendered_at
        assert bool(document.unshowable) != bool(queries.pages_of(document))


@pytest.mark.parametrize("body", [b"%PDF-1.7\ngarbage", b"%PDF-1.4\n" + b"\0" * 5000, pdf()[:60]])
def test_what_cannot_be_drawn_is_marked_once(body: bytes) -> None:
    document = rendered(body)
    assert document.unshowable
    assert (jobs.run_rendering(), queries.pages_of(document)) == (0, [])


def test_a_giant_page_is_made_small() -> None:
    pages = queries.pages_of(rendered(blank_pages((14400, 2), (2, 14400))))
    assert all(page.width <= 1245 and page.height <= 4970 for page in pages)


def test_many_pages_have_a_limit() -> None:
    document = rendered(blank_pages(*[(100, 140)] * 70))
    assert (document.pages, len(queries.pages_of(document))) == (70, 60)


def test_a_child_that_hangs_is_ended(monkeypatch: Any) -> None:
    def hangs(*args: Any, **kwargs: Any) -> None:
        raise SandboxFailed("time")

    monkeypatch.setattr("klisza.base.sandbox.call", hangs)
    assert rendered(pdf()).unshowable == "time"


def test_only_pdf_is_kept() -> None:
    with pytest.raises(BadMessage):
        kept(b"MZ\x90 an executable")
    assert not Document.objects.exists()


def test_a_title_stays_one_line() -> None:
    """R33: what the sender wrote cannot split a header or turn the text around."""
    document = kept(pdf(), title='fdp.exe\u202e"\r\nSet-Cookie: x=1')
    assert document.title == 'fdp.exe "  Set-Cookie: x=1'.replace("  ", " ")


def test_reports_are_not_reached_past_their_gate() -> None:
    document = kept(pdf())
    with pytest.raises(NotFound):
        queries.of_patient([document.patient_id], document.pk)
    other = kept(pdf(), kind="hospital")
    assert queries.of_patient([other.patient_id], other.pk) == other
    with pytest.raises(NotFound):
        queries.of_patient([document.patient_id], other.pk)
