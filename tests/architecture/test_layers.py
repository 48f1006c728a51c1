"""What the import contract cannot see: foreign keys, look-ups by name, signals, strangers in pages."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.portal import ROOT

PACKAGE = ROOT / "klisza"
CONTRACT = configparser.ConfigParser()
CONTRACT.read(ROOT / "importlinter.ini")


def rows() -> list[set[str]]:
    """The stack, from the top."""
    lines = CONTRACT["importlinter:contract:apps"]["layers"].split("\n")
    return [set(re.findall(r"\w+", line)) for line in lines if line.strip()]


def height(app: str) -> int:
    return next(-number for number, row in enumerate(rows()) if app in row)


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text("utf-8"))


def test_import_contract_holds() -> None:
    """Built each time from the code: no cache."""
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--config",
        "importlinter.ini",
        "--no-cache",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_app_has_its_row() -> None:
    for config in apps.get_app_configs():
        if config.name.startswith("klisza."):
            assert any(config.label in row for row in rows()), config.label


def test_foreign_keys_point_down() -> None:
    wrong = []
    for model in apps.get_models():
        if not model.__module__.startswith("klisza."):
            continue
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and not field.auto_created else None
            if target is None or isinstance(target, str) or not target.__module__.startswith("klisza."):
                continue
            source, other = model._meta.app_label, target._meta.app_label
            if source != other and height(other) >= height(source):
                wrong.append(f"{model.__name__}.{field.name} -> {target.__name__}")
    assert wrong == []


SIDE_DOORS = {"get_model", "get_models", "receiver", "Signal"}
MAY_LIST_MODELS = PACKAGE / "gateways/hl7v2/changes.py"  # names tables for staff, touches no row


def test_no_look_up_by_name_and_no_signals() -> None:
    """News upwards is rows read by a job; only the composer may look models up, and a trial run tell their names."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {name}"
        for path, tree in modules()
        if "config" not in path.parts and path != MAY_LIST_MODELS
        for node in ast.walk(tree)
        if (name := getattr(node, "id", getattr(node, "attr", ""))) in SIDE_DOORS
    ]
    assert wrong == []


MAY_READ_ENVIRONMENT = {"base/env.py", "operations/cli.py", "operations/supervisor.py"}


def test_environment_is_read_in_one_place() -> None:
    """cli.py hands --demo over, supervisor.py gives our environment to its children."""
    wrong = [
        str(path.relative_to(PACKAGE))
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and getattr(node.value, "id", "") == "os"
    ]
    assert set(wrong) <= MAY_READ_ENVIRONMENT


THIRD_PARTY = re.compile(r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}""")
NAME_OF_SVG = "http://www.w3.org"


@pytest.mark.parametrize("suffix", ["html", "css", "svg", "js"])
def test_no_page_asks_a_stranger(suffix: str) -> None:
    """Whoever serves a font or a script learns who opened the portal. The built viewer has its own test."""
    found = []
    for path in PACKAGE.rglob(f"*.{suffix}"):
        if "built" in path.parts or "tests" in path.parts:
            continue
        for address in THIRD_PARTY.findall(path.read_text("utf-8")):
            if address != NAME_OF_SVG:
                found.append(f"{path.relative_to(ROOT)}: {address}")
    assert found == []


NO_PAGES = {
    "notifications/mail.html",
    "public/booklet.html",
    "data/report.html",
    "examinations/report_print.html",
    "sharing/slip_print.html",
    "questionnaires/print.html",
    "pdi/style.html",
    "offline/single.html",
}  # a mail, four sources of PDFs, and what opens from a patient's disk, under no policy of ours


def test_no_inline_script_or_style_in_pages() -> None:
    """The policy would block them."""
    inline = re.compile(
        r"<style\b|\sstyle=|\son[a-z]+=|<script(?![^>]*\b(?:src=|type=\"application/json\"))", re.IGNORECASE
    )
    found = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*.html")
        if "/".join(path.parts[-2:]) not in NO_PAGES and inline.search(path.read_text("utf-8"))
    ]
    assert found == []
