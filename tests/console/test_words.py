"""Every code that may be written has words, and what a message could not settle says what to do about it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from klisza.archive.services import comparing, hiding
from klisza.console.presenters import words
from klisza.examinations import release
from klisza.examinations.models import Images, ReportState
from klisza.examinations.services import describing, matching, moving
from klisza.gateways.dicom import rejections
from klisza.gateways.hl7v2 import inbox, visit
from klisza.gateways.hl7v2.context import WHY_HELD
from klisza.gateways.models import InboundMessage
from klisza.patients.services.merge import CHANGE, LINK, MERGE, MOVE, UNLINK
from tests.portal import ROOT

Pick = Callable[[ast.Call], ast.expr | None]
TELLING = {"work", "tell", "OrderTrouble", "Trouble"}


def argument(names: set[str], place: int) -> Pick:
    """Of calls of these functions: the argument at this place."""
    return lambda call: call.args[place] if _name(call) in names and len(call.args) > place else None


def keyword(names: set[str], name: str) -> Pick:
    def pick(call: ast.Call) -> ast.expr | None:
        found = [one.value for one in call.keywords if one.arg == name]
        return found[0] if found and _name(call) in names else None

    return pick


def written(pick: Pick, *folders: str) -> set[str]:
    """Strings that calls in these folders pass: written there, or constants of the same file."""
    return {text for folder in folders for path in _files(folder) for text in _passed(path, pick)}


def _files(folder: str) -> Iterator[Path]:
    place = ROOT / "klisza" / folder
    return iter([place]) if place.suffix else place.rglob("*.py")


def _passed(path: Path, pick: Pick) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        value = pick(node) if isinstance(node, ast.Call) else None
        if value is not None:
            yield from _strings(named.get(value.id, value) if isinstance(value, ast.Name) else value)


def _strings(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from (*_strings(value.body), *_strings(value.orelse))
    elif isinstance(value, ast.Set | ast.Tuple):
        for one in value.elts:
            yield from _strings(one)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def returned(path: str, function: str) -> set[str]:
    """Codes that a function may return."""
    tree = ast.parse((ROOT / "klisza" / path).read_text())
    (found,) = (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function
    )
    returns = (node.value for node in ast.walk(found) if isinstance(node, ast.Return) and node.value)
    return {text for value in returns for text in _strings(value)} - {""}


def _name(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def test_every_trouble_has_words() -> None:
    told = written(argument(TELLING, 0), "gateways", "examinations", "documents", "patients")
    kinds = {*told, *WHY_HELD, "control_id_reused"}
    assert len(kinds) > 8
    assert kinds <= set(words.WORK)


@pytest.mark.parametrize("kind", sorted(words.WORK))
def test_words_say_what_and_what_to_do(kind: str) -> None:
    what, todo = words.WORK[kind]
    assert not str(what).endswith(".")
    assert str(todo).endswith(".")


def test_every_reason_of_an_unmatched_study() -> None:
    reasons = written(argument({"Unmatched"}, 0), "examinations")
    reasons |= returned("examinations/services/whose.py", "_warning")
    reasons |= returned("examinations/services/linking.py", "_warning")
    assert {"given_name_differs", "order_cancelled", "unknown_patient"} <= reasons
    assert reasons <= set(words.REASONS)


CODES = {
    "objects": (
        written(keyword({"quarantine"}, "kind"), "archive")
        | written(argument({"_quarantine"}, 1), "archive"),
        words.OBJECTS,
    ),
    "tasks": (
        written(argument({"open_task", "set_tasks"}, 1), "patients")
        | written(argument({"add"}, 0), "patients/services/account.py"),
        words.TASKS,
    ),
    "mails": (written(keyword({"enqueue_mail", "enqueue_sms"}, "kind"), "."), words.MESSAGES),
    "breaches": (written(keyword({"note_breach"}, "cause"), "examinations"), words.CAUSES),
    "corrections": (written(argument({"say", "_show"}, 1), "archive"), words.CORRECTIONS),
    "hidden studies": ({*hiding.REASONS.values(), *hiding.WITHHELD}, words.STUDY_STATES),
    "rejections": (set(hiding.REASONS), words.REJECTED),
    "fields": (
        {*comparing.OF_THE_PATIENT, *comparing.OF_THE_STUDY, *comparing.OF_THE_IMAGE},
        words.FIELDS,
    ),
    "hidden examinations": ({matching.MOVED, moving.HIDDEN, describing.NO_ORDER}, words.HIDDEN),
    "merges": ({MERGE, LINK, UNLINK, CHANGE, MOVE}, words.MERGES),
    "echoes": (returned("gateways/dicom/echo.py", "_ask") | {"no_address", "no_port"}, words.ECHO),
    "messages": (set(InboundMessage.State.values), words.MESSAGE_STATES),
    "images": (set(Images.values), words.IMAGES),
    "report": (set(ReportState.values), words.REPORT),
    "release": (
        written(argument({"Opening"}, 1), "examinations/release.py")
        | written(argument({"_not_later"}, 2), "examinations/release.py")
        | set(release.REPORT_HOW),
        words.WHY,
    ),
    "doors": (
        written(argument({"Cut"}, 0), "gateways/hl7v2")
        | {visit.STRANGER, rejections.UNKNOWN_CALLED.sentence, rejections.UNKNOWN_CALLING.sentence},
        words.DOORS,
    ),
}


@pytest.mark.parametrize("table", CODES)
def test_every_code_has_words(table: str) -> None:
    codes, known = CODES[table]
    assert len(codes) > 1
    assert codes <= set(known)


def test_every_warning_about_a_message_has_words() -> None:
    said = written(argument({"warn"}, 0), "standards/hl7v2", "gateways/hl7v2") | {inbox.REUSED}
    assert len(said) > 15
    assert {sentence for sentence in said if words.warning(sentence) == sentence} <= {
        # English is the same in both.
        "OBR-25: no status of the report", "OBR-25: an unknown status",
    }  # fmt: skip
