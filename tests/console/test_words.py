"""Whatever a message could not settle is said in words, and so is what to do about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from klisza.console.presenters import words
from klisza.gateways.hl7v2.context import WHY_HELD
from tests.portal import ROOT

TELLING = {"work", "tell", "OrderTrouble", "Trouble"}
APPS = ("gateways", "examinations", "documents", "patients")


def told() -> Iterator[str]:
    """Kinds of WorkItem that the code writes."""
    for app in APPS:
        for path in (ROOT / "klisza" / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _name(node) in TELLING and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


def _name(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def test_every_trouble_has_words() -> None:
    kinds = {*told(), *WHY_HELD, "control_id_reused"}
    assert len(kinds) > 8
    assert kinds <= set(words.WORK)


@pytest.mark.parametrize("kind", sorted(words.WORK))
def test_words_say_what_and_what_to_do(kind: str) -> None:
    what, todo = words.WORK[kind]
    assert not str(what).endswith(".")
    assert str(todo).endswith(".")
