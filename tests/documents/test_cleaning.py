"""PDFs for browsers: without anything that acts; the sender's bytes stay (R32)."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from klisza.blobs import services as blobs
from klisza.documents import jobs
from klisza.documents.cleaning import clean
from klisza.documents.models import Document
from tests.examinations.given import pdf
from tests.portal import ROOT

from .test_rendering import kept, rendered

REPORTS = ROOT / "klisza" / "operations" / "demo" / "data" / "reports"


def acting() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    page = document.pages[0].obj
    script = document.make_indirect(Dictionary(S=Name.JavaScript, JS="app.alert('x')"))
    document.Root.OpenAction = script
    document.Root.Names = Dictionary(
        JavaScript=Dictionary(Names=Array(["a", script])),
        EmbeddedFiles=Dictionary(Names=Array([])),
    )
    page.AA = Dictionary(O=script)
    inside = Dictionary(S=Name.GoTo, D=Array([page, Name.Fit]))
    rect = Array([0, 0, 10, 10])
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="a", Rect=rect, AA=Dictionary(K=script)
    )
    widget = document.make_indirect(field)
    page.Annots = Array([
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=rect, A=Dictionary(S=Name.URI, URI="https://evil.example")),
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=rect, A=inside),
        Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=rect),
        widget,
    ])  # fmt: skip
    document.Root.AcroForm = Dictionary(XFA="<xdp/>", Fields=Array([widget]))
    out = io.BytesIO()
    document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def words(data: bytes) -> bytes:
    """All of it, uncompressed."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(
            out, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable, qdf=True
        )
    return out.getvalue()


@pytest.mark.django_db
def test_what_acts_is_gone_and_the_original_stays() -> None:
    body = acting()
    document = rendered(body)

    assert blobs.read(document.blob_id) == body
    assert document.cleaned_id
    left = words(blobs.read(document.cleaned_id))
    for sign in (b"JavaScript", b"/URI", b"RichMedia", b"/XFA", b"/AA", b"OpenAction", b"EmbeddedFiles"):
        assert sign not in left, sign
    assert b"/GoTo" in left


@pytest.mark.django_db
def test_a_harmless_pdf_is_shown_as_it_is() -> None:
    assert rendered(pdf()).cleaned_id is None


def test_reports_of_the_demo_need_no_cleaning(tmp_path: Path) -> None:
    for report in REPORTS.glob("*.pdf"):
        assert clean(str(report), str(tmp_path / "clean.pdf")) is False, report.name


@pytest.mark.django_db
def test_a_locked_pdf_is_kept_and_not_shown() -> None:
    out = io.BytesIO()
    document = pikepdf.new()
    document.add_blank_page()
    document.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    found = rendered(out.getvalue())

    assert found.unshowable
    assert found.cleaned_id is None


@pytest.mark.django_db
def test_every_picture_of_a_phone_is_shown(samples: Path) -> None:
    """N21: HEIC, a turned photo, PNG with transparency."""
    from PIL import Image

    folder = samples / "documents"
    found: list[Document] = []
    for name, kind in (("heif/arrow.heic", "image/heif"), ("synthetic/photo-exif6-gps.jpg", "image/jpeg")):
        if (folder / name).exists():
            found.append(picture((folder / name).read_bytes(), kind))
    out = io.BytesIO()
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(out, "PNG")
    found.append(picture(out.getvalue(), "image/png"))
    while jobs.run_rendering():
        pass
    for document in found:
        document.refresh_from_db()
        assert not document.unshowable, document.media_type
        assert document.page_rows.count() == 1


def picture(data: bytes, media_type: str) -> Document:
    document = kept(pdf())
    stored = blobs.put(data)
    document.blob = blobs.save(stored)
    document.media_type = media_type
    document.save()
    return document
