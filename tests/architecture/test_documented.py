"""Every setting and every command stands in docs/operations, and nothing else does."""

from __future__ import annotations

import re

from django.core.management import get_commands, load_command_class

import klisza.config.settings  # noqa: F401 - asks for every name
from klisza.config.settings.environment import env
from tests.portal import ROOT

DOCS = ROOT / "docs" / "operations"


def test_every_setting_is_documented() -> None:
    documented = re.findall(r"^\| `(KLISZA_\w+)` \|", (DOCS / "settings.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(env.known)


def test_every_command_is_documented() -> None:
    documented = set(re.findall(r"`klisza ([a-z0-9]+)", (DOCS / "commands.md").read_text("utf-8")))
    ours = {name for name, app in get_commands().items() if app.startswith("klisza.")}
    assert documented - {"migrate", "shell"} == ours


def test_every_command_says_what_it_does() -> None:
    for name, app in get_commands().items():
        if app.startswith("klisza."):
            assert re.fullmatch(r"\S.*[.]", load_command_class(app, name).help), name
