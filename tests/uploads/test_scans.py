"""Pages of the editor become one PDF (S51, S52, M6.5); photos a browser cannot open (N21)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from klisza.blobs import services as blobs
from klisza.uploads import services
from klisza.uploads.models import Delivery, HandedFile

from .given import PERSON, a_browser, a_delivery

pytestmark = pytest.mark.django_db
SECRET = b"SERIAL-0815"


def jpeg(width: int = 300, height: int = 400, *, exif: bool = False, tail: bytes = b"") -> bytes:
    picture, out = Image.new("RGB", (width, height), "white"), io.BytesIO()
    picture.paste((0, 0, 0), (50, 50, 150, 100))
    tags = picture.getexif()
    if exif:
        tags[274], tags[0x010F] = 6, SECRET.decode()
    picture.save(out, "JPEG", exif=tags)
    return out.getvalue() + tail


def page(data: bytes, name: str = "page.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")


def sent(client: Client, delivery: Delivery, *pages: bytes, **fields: Any) -> Any:
    form = {"page": [page(one) for one in pages], "note": [""] * len(pages), "title": "Wypis ze szpitala"}
    return client.post(f"/uploads/scans/{delivery.pk}/", {**form, **fields})


def test_two_pages_are_one_accessible_pdf() -> None:
    delivery = a_delivery()
    answer = sent(
        a_browser(delivery), delivery, jpeg(exif=True, tail=SECRET), jpeg(400, 300),
        note=["ręka", ""], description="Karta z 2019 roku",
    )  # fmt: skip

    assert answer.status_code == 201
    file = HandedFile.objects.get(pk=answer.json()["id"])
    assert (file.kind, file.state, file.title, file.facts["pages"]) == (
        "pdf",
        "sorted",
        "Wypis ze szpitala",
        2,
    )
    body = blobs.read(file.blob_id or "")
    assert SECRET not in body  # nothing of the camera, nothing behind the picture
    with pikepdf.open(io.BytesIO(body)) as made:
        assert str(made.docinfo["/Title"]) == "Wypis ze szpitala"
        assert str(made.docinfo["/Subject"]) == "Karta z 2019 roku"
        assert "/StructTreeRoot" in made.Root
        assert str(made.Root.Lang)
        wide = [float(one.mediabox[2]) > float(one.mediabox[3]) for one in made.pages]
        assert wide == [False, True]


def test_a_page_that_is_no_picture_is_refused_in_words() -> None:
    delivery = a_delivery()
    answer = sent(a_browser(delivery), delivery, b"<svg onload=alert(1)>")

    assert (answer.status_code, bool(answer.json()["reason"])) == (400, True)
    assert not delivery.files.exists()


def test_a_closed_list_takes_no_scan() -> None:
    """M6.7"""
    delivery = a_delivery()
    client = a_browser(delivery)
    assert sent(client, delivery, jpeg()).status_code == 201
    services.close(delivery=delivery, ending="upload", by=PERSON)

    assert sent(client, delivery, jpeg()).status_code == 409
    assert delivery.files.count() == 1


def test_somebody_elses_list_does_not_exist() -> None:
    """R35"""
    mine, theirs = a_delivery(), a_delivery()
    client = a_browser(mine)

    assert sent(client, theirs, jpeg()).status_code == 404
    photo = {"picture": page(jpeg())}
    assert client.post(f"/uploads/scans/{theirs.pk}/picture/", photo).status_code == 404


def test_a_heic_photo_comes_back_as_jpeg(samples: Path) -> None:
    source = samples / "documents" / "heif" / "arrow.heic"
    if not source.exists():
        pytest.skip("the core set has no HEIC photo")
    delivery = a_delivery()
    photo = {"picture": page(source.read_bytes(), "IMG_0001.HEIC")}
    answer = a_browser(delivery).post(f"/uploads/scans/{delivery.pk}/picture/", photo)

    assert answer["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as opened:
        assert max(opened.size) <= 3200
        assert not opened.getexif()


def test_what_is_no_photo_is_explained() -> None:
    delivery = a_delivery()
    answer = a_browser(delivery).post(
        f"/uploads/scans/{delivery.pk}/picture/", {"picture": page(b"\0\0\0\x18ftypheic" + bytes(40))}
    )

    assert (answer.status_code, bool(answer.json()["reason"])) == (400, True)


def test_a_photo_of_a_hundred_megapixels_is_handled() -> None:
    """N21: decoded smaller at once; the sandbox has two gigabytes."""
    delivery = a_delivery()
    out = io.BytesIO()
    Image.new("L", (12_000, 9_000), 200).save(out, "JPEG")
    answer = a_browser(delivery).post(
        f"/uploads/scans/{delivery.pk}/picture/", {"picture": page(out.getvalue())}
    )

    assert answer.status_code == 200
