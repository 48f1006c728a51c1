"""What a modality sent is what a hospital machine gets back, byte for byte, through the whole running portal."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from klisza.gateways.dicom import statuses
from klisza.standards.dicom.header import read_header
from klisza.standards.dicom.part10 import Part10, split
from tests.portal import Portal

from .door import associate, c_store, needs_samples

EXPECTED = Path(__file__).with_name("expected.csv")
PART_TYPE = "application/dicom"
EACH = 4  # of the long series every fourth object is enough


@pytest.fixture(scope="module")
def bearer(portal: Portal) -> str:
    """Printed once by `klisza client create`; the last word of the output."""
    return portal.klisza("client", "create", "PACS", "--scope", "dicomweb:read").stdout.split()[-1]


def retrieved(portal: Portal, bearer: str, address: str) -> tuple[int, bytes]:
    request = Request(
        f"{portal.url}/dicom-web/{address}",
        headers={"Authorization": f"Bearer {bearer}", "Accept": PART_TYPE},
    )
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def sent_files(samples: Path) -> Iterator[tuple[str, bytes, Part10]]:
    """Samples that are stored: name, data set as sent, what the file says of it."""
    with EXPECTED.open(newline="") as table:
        names = [row["file"] for row in csv.DictReader(table) if row["status"] == "0000"]
    for name in names[::EACH]:
        data = (samples / "dicom" / name).read_bytes()
        found = split(data)
        yield name, data[found.offset :], found


@needs_samples
def test_stored_samples_come_back_identical(portal: Portal, bearer: str, samples: Path) -> None:
    """Each in its own syntax from a raw sender."""
    wrong: list[str] = []
    compared = 0
    for name, sent, found in sent_files(samples):
        header = read_header(sent, found.transfer_syntax_uid)
        association = associate(portal.dicom, header.sop_class_uid, [found.transfer_syntax_uid])
        status = c_store(
            association, sent, sop_class=header.sop_class_uid, sop_instance=header.sop_instance_uid
        )
        association.release()
        code, body = retrieved(
            portal,
            bearer,
            f"studies/{header.study_instance_uid}/series/{header.series_instance_uid}"
            f"/instances/{header.sop_instance_uid}",
        )
        compared += 1
        if status != statuses.SUCCESS or code != 200 or body[split(body).offset :] != sent:
            wrong.append(f"{name}: {status:04X}, {code}")

    assert not wrong
    assert compared > 20
