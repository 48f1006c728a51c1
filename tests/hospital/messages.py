"""Messages as Polish HIS and RIS write them (samples/hl7/composed show the shapes). All people are invented."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

NUMBERS = itertools.count(1)
ZONE = "+0100"
CODE = "CTKLP^TK klatki piersiowej z kontrastem^RIS-PROC"
SIGNED = "23456&Nowak&Jan&&&dr n. med."


@dataclass(frozen=True)
class Subject:
    """mrn: of the authority SZP01."""

    mrn: str
    family: str = "Żółć"
    given: str = "Świętosława"
    birth: str = "19600229"
    sex: str = "F"
    email: str = ""
    mobile: str = ""


def stamp(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S") + ZONE


def admission(event: str, subject: Subject, at: datetime, *, prior: str = "") -> bytes:
    """ADT. prior: MRG-1 in the same authority."""
    contact = []
    if subject.email:
        contact.append(f"^NET^Internet^{subject.email}")
    if subject.mobile:
        contact.append(f"^PRN^CP^^48^{subject.mobile[3:6]}^{subject.mobile[6:]}")
    segments = [f"EVN|{event}|{stamp(at)}", _pid(subject, {13: "~".join(contact)})]
    if prior:
        segments.append(f"MRG|{prior}^^^SZP01^MR")
    return _message(f"ADT^{event}", "HIS", at, [*segments, "PV1|1|N"])


def order(
    subject: Subject,
    at: datetime,
    *,
    number: str,
    accession: str,
    planned: datetime,
    study: str = "",
    code: str = CODE,
    control: str = "NW",
    state: str = "SC",
    ward: str = "PORAD",
) -> bytes:
    """ORM^O01 in the IHE shape, with ZDS when the study's UID is known."""
    when = stamp(planned)
    segments = [
        _pid(subject),
        f"PV1||O|{ward}^^^SZP01",
        _segment(
            "ORC",
            {
                1: control,
                2: f"PL-{number}^HIS",
                3: f"FL-{number}^RIS",
                5: state,
                7: f"1^^^{when}^^R",
                9: stamp(at),
            },
        ),
        _obr(number, accession, {4: code, 24: "CT", 27: f"1^^^{when}^^R"}),
    ]
    if study:
        segments.append(f"ZDS|{study}^RIS^Application^DICOM")
    return _message("ORM^O01", "RIS", at, segments)


def report(
    subject: Subject,
    at: datetime,
    *,
    number: str,
    accession: str,
    performed: datetime,
    status: str = "F",
    paragraphs: Iterable[str] = (),
    pdf: bytes = b"",
    cda: bytes = b"",
    observation: str = "",
    code: str = CODE,
) -> bytes:
    """ORU^R01. observation: OBX-11 when it is not the status."""
    mark = observation or status
    segments = [
        _pid(subject),
        "PV1|1|O",
        f"ORC|RE|PL-{number}^HIS|FL-{number}^RIS||CM",
        _obr(
            number, accession, {4: code, 7: stamp(performed), 22: stamp(at), 24: "CT", 25: status, 32: SIGNED}
        ),
    ]
    rows = [f"TX|18782-3^Radiology Study observation^LN||{text}" for text in paragraphs]
    rows += [
        f"ED|18748-4^Diagnostic imaging study^LN||RIS^{kind}^Base64^{base64.b64encode(body).decode()}"
        for kind, body in (("application^pdf", pdf), ("text^xml", cda))
        if body
    ]
    segments += [f"OBX|{place}|{row}||||||{mark}" for place, row in enumerate(rows, 1)]
    return _message("ORU^R01", "RIS", at, segments)


def document(
    subject: Subject,
    at: datetime,
    *,
    number: str,
    pdf: bytes,
    code: str = "18842-5^Karta informacyjna^LN",
    filler: str = "",
) -> bytes:
    """MDM^T02. filler: the number of the examination that the document belongs to."""
    txa = {
        1: "1", 2: code, 3: "AP", 4: stamp(at), 12: f"{number}^HIS", 15: f"FL-{filler}^RIS" if filler else "",
        17: "LA", 19: "AV",
    }  # fmt: skip
    body = base64.b64encode(pdf).decode()
    segments = [
        f"EVN|T02|{stamp(at)}", _pid(subject), "PV1|1|O", _segment("TXA", txa),
        f"OBX|1|ED|{code}||HIS^application^pdf^Base64^{body}||||||F",
    ]  # fmt: skip
    return _message("MDM^T02", "HIS", at, segments)


def _pid(subject: Subject, more: dict[int, str] | None = None) -> str:
    name = f"{subject.family}^{subject.given}^^^^^L"
    fields = {1: "1", 3: f"{subject.mrn}^^^SZP01^MR", 5: name, 7: subject.birth, 8: subject.sex}
    return _segment("PID", fields | (more or {}))


def _obr(number: str, accession: str, more: dict[int, str]) -> str:
    names = {1: "1", 2: f"PL-{number}^HIS", 3: f"FL-{number}^RIS", 18: accession, 19: f"RP{number}"}
    return _segment("OBR", names | more)


def _segment(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(place, "") for place in range(1, max(fields) + 1))])


def _message(kind: str, application: str, at: datetime, segments: list[str]) -> bytes:
    """The control id grows with each message of this hospital, as counters do."""
    head = (
        rf"MSH|^~\&|{application}|SZP01|KLISZA|SZP01|{stamp(at)}||{kind}|{application}-{next(NUMBERS):07}|P|2.5.1"
        "|||||POL|UNICODE UTF-8|pl"
    )
    return ("\r".join([head, *segments]) + "\r").encode("utf-8")


def later(at: datetime, minutes: float) -> datetime:
    return at + timedelta(minutes=minutes)
