"""docs/conformance/hl7.md says what the code does."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings

from klisza.gateways.hl7v2 import framing
from klisza.standards.hl7v2 import charsets, content, message, read, results, segments, steps

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "conformance" / "hl7.md").read_text()
CODES = re.compile(r"`([^`]+)`")


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table under this heading, without its head."""
    part = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_messages_are_those_we_read() -> None:
    written: dict[str, set[str]] = defaultdict(set)
    for kind, triggers, _ in rows("Messages"):
        assert not written[kind] & set(triggers.split()), "named twice"
        written[kind] |= set(triggers.split())
    assert written == {kind: set(known.triggers) for kind, known in read.KINDS.items()}


def test_messages_without_effect_are_said_to_have_none() -> None:
    written = {
        (kind, one)
        for kind, triggers, effect in rows("Messages")
        for one in triggers.split()
        if "none" in effect
    }
    from klisza.standards.hl7v2 import admissions, appointments

    useless = {"ADT": admissions.WITHOUT_USE, "ORU": results.WITHOUT_USE, "SIU": appointments.WITHOUT_USE}
    assert written == {(kind, one) for kind, triggers in useless.items() for one in triggers}


def test_the_character_sets_are_those_we_read() -> None:
    codecs = []
    for name, labels in rows("Character sets"):
        found = {charsets.codec_of(label) for label in CODES.findall(labels)}
        assert len(found) == 1, name
        codecs.append(found.pop())
    assert sorted(map(str, codecs)) == sorted(set(charsets.CODECS.values()))


def test_every_label_of_a_character_set_is_named() -> None:
    written = {
        charsets.NOISE.sub("", label).upper()
        for _, labels in rows("Character sets")
        for label in CODES.findall(labels)
    }
    assert written == set(charsets.CODECS)


@pytest.mark.parametrize("label", settings.HL7_CHARSETS)
def test_every_setting_names_one_of_them(label: str) -> None:
    assert charsets.codec_of(label) is not None


def test_order_states_are_those_we_read() -> None:
    cancelled, performed = (cell for cell, _ in rows("Status of an order")[:2])
    control, order = cancelled.split("ORC-5")
    assert set(CODES.findall(control)) == steps.WITHDRAWALS
    assert set(CODES.findall(order)) == steps.CANCELLED
    order, result = performed.split("OBR-25")
    assert set(CODES.findall(order)) == steps.COMPLETED
    assert set(CODES.findall(result)) == steps.PERFORMED


def test_report_states_are_those_we_read() -> None:
    written = {one for cell, _ in rows("Status of a report") for one in CODES.findall(cell)}
    assert written == results.STATUSES


def test_the_refusals_are_those_we_answer() -> None:
    written = {tuple(row) for row in rows("Answers")}
    assert written == {row for path in sources() for row in refusals(path)} | {
        # Their words depend on the conflict, their place on the message.
        ("AE", "205", "MRG^1^1 or PID^2^3", "this record is merged into another one already"),
        ("AE", "205", "MRG^1^1 or PID^2^3", "this would be a circle of merges"),
        ("AE", "102", "OBX^n^5", "base64 or hex data cannot be decoded"),
        ("AE", "102", "OBX^n^5", "too many escape sequences"),
    }


def sources() -> list[Path]:
    return [*(ROOT / "klisza/standards/hl7v2").glob("*.py"), *(ROOT / "klisza/gateways/hl7v2").rglob("*.py")]


def refusals(path: Path) -> set[tuple[str, ...]]:
    """Every Refusal(...) of a file whose four parts are written out; a number put in is an n."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
            parts = tuple(map(_written, node.args))
            if all(parts):
                found.add(parts)
    return found


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(part) if isinstance(part, ast.Constant) else "n" for part in node.values)
    return ""


@pytest.mark.parametrize(
    "phrase",
    [
        f"`KLISZA_HL7_FRAME_MB` ({settings.HL7_FRAME_MB})",
        f"last byte of a message | {settings.HL7_FRAME_SECONDS} s |",
        f"{settings.HL7_CONNECTIONS} in all, {settings.HL7_CONNECTIONS_PER_SOURCE} from one address",
        f"waits for the effect for at most {settings.HL7_APPLY_SECONDS} s",
        f"between two messages | {framing.MOST_GARBAGE:,} |",
        f"lines, segments | {message.MOST_LINES:,}, {message.MOST_SEGMENTS:,} |",
        f"components | {segments.MOST_FIELDS}, {segments.MOST_REPETITIONS:,}, {segments.MOST_COMPONENTS};",
        f"text of one OBX-5 | {content.LONGEST_TEXT:,} characters",
        f"control id (at most {read.LONGEST_CONTROL_ID} characters)",
        f"accession number, at most {steps.LONGEST_ACCESSION} characters",
    ],
)
def test_the_limits_are_those_we_hold(phrase: str) -> None:
    assert phrase in TEXT
