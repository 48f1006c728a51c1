"""docs/conformance/dicom.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from klisza.archive.services.hiding import REASONS
from klisza.gateways.dicom import association, contexts, porch, scp, statuses, wire
from klisza.standards.dicom.rejection import KEY_OBJECT_SELECTION, REJECTIONS
from klisza.standards.dicom.uids import COMPRESSED, UNCOMPRESSED

TEXT = (Path(__file__).parents[2] / "docs" / "conformance" / "dicom.md").read_text()


def test_the_syntaxes_are_those_we_take() -> None:
    written = re.findall(r"^\| `(1\.2\.840\.10008\.1\.2[0-9.]*)` \| (.+) \|$", TEXT, re.MULTILINE)

    assert written == list({**COMPRESSED, **UNCOMPRESSED}.items())


def test_the_statuses_are_those_we_answer() -> None:
    written = re.findall(r"^\| ([0-9A-F]{4}) \| (.+) \|$", TEXT, re.MULTILINE)

    assert written == [(f"{status:04X}", meaning) for status, meaning in statuses.MEANING.items()]


def test_the_rejections_are_those_we_follow() -> None:
    written = re.findall(r"^\| `(113[0-9]{3})` \| (\w+) \|", TEXT, re.MULTILINE)

    assert written == [(code, REASONS.get(code, "nothing")) for code in REJECTIONS]
    assert f"`{KEY_OBJECT_SELECTION}`" in TEXT


@pytest.mark.parametrize(
    "phrase",
    [
        f"{settings.SILENT_SOCKET_SECONDS} s, counted",
        f"{settings.MAX_PDU:,} bytes and {association.PDU_SLACK} of slack",
        f"{porch.LONGEST_REQUEST // 2**20} MiB, else",
        f"| time for one PDU | {wire.PDU_SECONDS} s |",
        f"{settings.ASSOCIATION_IDLE_SECONDS} s, then abort",
        f"{settings.MAX_ASSOCIATIONS} in all, {settings.MAX_ASSOCIATIONS_PER_SOURCE} from one address",
        f"may finish for {scp.DRAIN_SECONDS} s",
        f"`{contexts.STORAGE_ROOT}`",
    ],
)
def test_the_limits_are_those_we_hold(phrase: str) -> None:
    assert phrase in TEXT


@pytest.mark.parametrize(
    ("uid", "taken"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", True),
        ("1.2.840.10008.5.1.4.1.1.88.59", True),
        ("1.2.840.10008.5.1.4.1.1.104.1", True),
        ("1.2.840.10008.5.1.4.1.1.6", True),  # ultrasound, retired
        ("1.3.46.670589.11.0.0.12.1", True),  # Philips, private
        ("1.2.840.10008.5.1.4.1.2.2.1", False),  # study root FIND
        ("1.2.840.10008.1.20.1", False),  # storage commitment
        ("1.2.840.10008.3.1.2.3.3", False),  # MPPS
        ("1.2.840.10008.5.1.4.31", False),  # worklist
        ("1.2.840.10008.1.3.10", False),  # DICOMDIR
    ],
)
def test_storage_is_told_from_the_rest(uid: str, taken: bool) -> None:
    assert contexts.is_storage(uid) is taken
