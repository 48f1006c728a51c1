"""PDF pages as pictures and text; a hostile PDF harms nobody."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from klisza.audit.actor import SYSTEM
from klisza.base.errors import BadMessage, SandboxFailed
from klisza.blobs import services as blobs
from klisza.documents import jobs, queries, rendering, services
from klisza.documents.models import Document
from tests.examinations.given import a_patient, moment, pdf
from tests.portal import ROOT

pytestmark = pytest.mark.django_db
CDA = ROOT / "tests" / "data" / "documents" / "opis-cda.xml"
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
    assert not queries.shown([document.patient_id]).exists()
    other = kept(pdf(), kind="hospital")
    assert queries.shown([other.patient_id]).get() == other
    assert not queries.shown([document.patient_id]).exists()


@pytest.mark.parametrize("column", [{"hidden_reason": "confidential"}, {"withdrawn_at": moment(22)}])
def test_what_is_hidden_is_not_listed(column: dict[str, Any]) -> None:
    document = kept(pdf(), kind="hospital")
    Document.objects.update(**column)
    assert not queries.shown([document.patient_id]).exists()


# Other kinds than PDF


def of_kind(media_type: str, body: bytes) -> Document:
    stored = services.keep(services.Enclosure(body, media_type))
    document = services.register(
        patient=a_patient(), kind="hospital", title="", stored=stored, media_type=media_type,
        issued_at=moment(21), by=SYSTEM,
    )  # fmt: skip
    jobs.run_rendering()
    document.refresh_from_db()
    return document


def test_a_cda_becomes_our_own_page() -> None:
    document = of_kind(services.CDA, CDA.read_bytes())
    assert "<h3>Wniosek</h3><p><u><strong>Obraz prawidłowy.</strong></u></p>" in document.html
    assert "onclick" not in document.html
    assert blobs.read(document.blob_id) == CDA.read_bytes()


def test_a_pdf_inside_a_cda_is_drawn() -> None:
    body = base64.b64encode(pdf()).decode()
    text = f'<text mediaType="application/pdf" representation="B64">{body}</text>'
    xml = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>T</title><component><nonXMLBody>'
        f"{text}</nonXMLBody></component></ClinicalDocument>"
    )
    document = of_kind(services.CDA, xml.encode())
    assert (document.pages, len(queries.pages_of(document)), document.unshowable) == (1, 1, "")


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (services.CDA, b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
        (services.CDA, b"<html><script>alert(1)</script></html>"),
        (services.RTF, rb"{\rtf1 Opis}"),
        (services.JPEG, b"\xff\xd8\xff no picture"),
    ],
)
def test_what_cannot_be_shown_is_only_kept(media_type: str, body: bytes) -> None:
    document = of_kind(media_type, body)
    assert document.unshowable
    assert (document.html, queries.pages_of(document)) == ("", [])
    assert blobs.read(document.blob_id) == body


def test_a_photograph_is_one_page() -> None:
    out = io.BytesIO()
    Image.new("RGB", (3000, 1500), "white").save(out, "JPEG")
    (page,) = queries.pages_of(of_kind(services.JPEG, out.getvalue()))
    assert (page.width, page.height) == (1240, 620)


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", ""])
def test_other_kinds_are_not_kept(media_type: str) -> None:
    with pytest.raises(BadMessage):
        services.keep(services.Enclosure(b"<svg/>", media_type))


@pytest.mark.parametrize(
    ("size", "lengthwise"), [((1240, 1600), False), ((1240, 700), True), ((1240, 4960), False)]
)
def test_a_picture_is_printed_on_one_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], lengthwise: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", size, "navy").save("page-1.png")

    assert rendering.sheets(["page-1.png"], "out.pdf") == 1
    [page] = pypdfium2.PdfDocument("out.pdf")
    width, height = page.get_size()
    assert sorted((round(width), round(height))) == [595, 842]  # A4 in points
    assert (width > height) is lengthwise
    shown = page.render(scale=1).to_pil().convert("L")
    box = shown.point(lambda grey: 255 if grey < 200 else 0).getbbox()
    assert box
    assert min(box[0], box[1], shown.width - box[2], shown.height - box[3]) >= 27  # 10 mm
