"""Reads KLISZA_* variables once, typed; each may also be given as NAME_FILE (a path to its value)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")
PREFIX = "KLISZA_"
OF_THE_TESTS = {"KLISZA_SAMPLES", "KLISZA_TEST_DATABASE"}  # exported by the Makefile, read by tests only


class Env:
    """Collects the names that were asked for, so that a misspelt one can be refused at the end (R01)."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self.source = os.environ if source is None else source
        self.known: dict[str, str] = {}

    def text(self, name: str, default: str = "", *, about: str = "") -> str:
        """The value, stripped of the last line break; `default` when absent or empty."""
        self.known[name] = about
        direct, path = self.source.get(name, ""), self.source.get(f"{name}_FILE", "")
        if direct and path:
            raise ImproperlyConfigured(f"{name}: give either {name} or {name}_FILE, not both")
        if path:
            try:
                direct = Path(path).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as unreadable:
                raise ImproperlyConfigured(
                    f"{name}_FILE: cannot be read ({type(unreadable).__name__})"
                ) from None
        return direct or default

    def typed(self, name: str, default: str, parse: Callable[[str], T], *, about: str = "") -> T:
        """`parse` raises ValueError with a sentence that says what is allowed; the value itself is not printed."""
        try:
            return parse(self.text(name, default, about=about))
        except ValueError as wrong:
            raise ImproperlyConfigured(f"{name}: {wrong}") from None

    def whole(self, name: str, default: int, *, least: int, most: int, about: str = "") -> int:
        def parse(text: str) -> int:
            if not text.lstrip("-").isdigit() or not least <= int(text) <= most:
                raise ValueError(f"must be a whole number from {least} to {most}")
            return int(text)

        return self.typed(name, str(default), parse, about=about)

    def choice(self, name: str, default: str, allowed: tuple[str, ...], *, about: str = "") -> str:
        def parse(text: str) -> str:
            if text not in allowed:
                raise ValueError(f"must be one of: {', '.join(allowed)}")
            return text

        return self.typed(name, default, parse, about=about)

    def flag(self, name: str, default: bool = False, *, about: str = "") -> bool:
        return self.choice(name, "1" if default else "0", ("0", "1"), about=about) == "1"

    def refuse_unknown(self) -> None:
        """A typing error in a security setting must not pass silently."""
        allowed = self.known.keys() | {f"{name}_FILE" for name in self.known} | OF_THE_TESTS
        for name in sorted(self.source):
            if name.startswith(PREFIX) and name not in allowed:
                raise ImproperlyConfigured(f"{name}: there is no such setting")


def address(text: str) -> tuple[str, int]:
    """'127.0.0.1:8000' or '[::1]:8000' -> (host, port)."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be HOST:PORT")
    return host, int(port)
