"""F5, N5: a copy of any size in constant memory, its first byte at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.test import Client
from pydicom.uid import generate_uid

from klisza.archive.models import Series
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob
from klisza.examinations import services as examinations
from klisza.exports import services
from klisza.patients.models import Patient
from tests.examinations.given import SCRIPT, a_study, an_instance

from .given import a_large_study, asked, file_of

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024
GROWTH_MOST = 64 * MEGABYTE
FIRST_BYTE_SECONDS = 1.0
SIZES = [
    pytest.param(256, id="256 MiB"),
    pytest.param(2048, id="2 GiB", marks=pytest.mark.long),
]


def a_sparse_study(patient: Patient, megabytes: int) -> None:
    """Eight objects of together so many megabytes, which the disk need not hold."""
    study = a_study(patient, modalities=(), accession_number="ACC1")
    series = Series.objects.create(study=study, series_instance_uid=generate_uid(), modality="US")
    for number in range(8):
        row = an_instance(series, b"\0" * 128 + b"DICM", instance_number=number)
        with blobs.open_path(row.blob_id).open("ab") as file:
            file.truncate(megabytes * MEGABYTE // 8)
        Blob.objects.filter(pk=row.blob_id).update(size=megabytes * MEGABYTE // 8, crc32=number)
    examinations.link_study(study=study, by=SCRIPT)


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


@pytest.mark.parametrize("megabytes", SIZES)
@pytest.mark.parametrize("password", ["", "gęślą jaźń"], ids=["plain", "AES"])
def test_memory_stays_where_it_is(client: Client, patient: Patient, megabytes: int, password: str) -> None:
    a_sparse_study(patient, megabytes)
    export = asked(client, patient, password=password, again=password)
    before, most, received = resident(), 0, 0
    began = time.perf_counter()
    answer = client.get(file_of(export))
    pieces = iter(answer)
    received += len(next(pieces))
    assert time.perf_counter() - began < FIRST_BYTE_SECONDS
    for number, piece in enumerate(pieces):
        received += len(piece)
        if number % 16 == 0:
            most = max(most, resident())
    assert received == int(answer["Content-Length"]) > megabytes * MEGABYTE
    assert most - before < GROWTH_MOST


def test_pieces_stay_small(client: Client, patient: Patient) -> None:
    a_large_study(patient, 24)
    answer = client.get(file_of(asked(client, patient)))
    assert max(len(piece) for piece in answer) <= MEGABYTE


def test_a_thousand_objects_are_listed_at_once(client: Client, patient: Patient) -> None:
    """Byte 1 needs no scan: whatever it needs stands in the index."""
    study = a_study(patient, modalities=(), accession_number="ACC1")
    series = Series.objects.create(study=study, series_instance_uid=generate_uid(), modality="CT")
    body = b"\0" * 128 + b"DICM" + bytes(100)
    for number in range(1000):
        an_instance(series, body, instance_number=number)
    blobs.checksums(series.instances.values_list("blob_id", flat=True))
    examinations.link_study(study=study, by=SCRIPT)
    export = asked(client, patient)
    began = time.process_time()
    pieces = iter(client.get(file_of(export)))
    next(pieces)
    assert time.process_time() - began < FIRST_BYTE_SECONDS
    services.cancel(export=export)
