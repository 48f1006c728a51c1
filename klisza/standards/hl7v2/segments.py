"""One segment and one repetition of a field, by the numbers of the standard. Split only when asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from .escapes import one_line, plain, unescaped
from .separators import Separators

NULL = '""'

# More than any real message has: what a hostile one has beyond is not taken apart.
MOST_FIELDS = 255
MOST_REPETITIONS = 10_000
MOST_COMPONENTS = 32
LONGEST_ESCAPE = 16  # signs that one letter may take


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this message is written."""

    separators: Separators
    codec: str

    def clear(self, raw: str) -> str:
        return unescaped(raw, self.separators, self.codec)


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field, still escaped."""

    raw: str
    dialect: Dialect

    def __bool__(self) -> bool:
        return bool(self.raw.strip()) and not self.is_null

    @property
    def is_null(self) -> bool:
        """The sender removes the value."""
        return self.raw.strip() == NULL

    def components(self) -> list[str]:
        return self.raw.split(self.dialect.separators.component, MOST_COMPONENTS)

    def component(self, number: int) -> str:
        """Escaped text of a component, from 1; "" when it is not there."""
        return _piece(self.raw, self.dialect.separators.component, number)

    def part(self, component: int = 1, sub: int = 1, *, limit: int = 200) -> str:
        """One line of clear text of a sub-component; "" for what is missing or null."""
        return _part(self.raw, self.dialect, component, sub, limit)

    def nulls(self, component: int) -> bool:
        return self.component(component).strip() == NULL

    def text(self) -> str:
        """The whole repetition as text of several lines: separators nobody escaped are text, too."""
        return "" if self.is_null else plain(self.dialect.clear(self.raw))


@dataclass(slots=True)
class Segment:
    """number: its place among the segments of the same name, from 1 (for ERR-2)."""

    name: str
    raw: str
    number: int
    dialect: Dialect
    _fields: list[str] = field(default_factory=list, repr=False)
    _parts: dict[tuple[int, int, int, int], str] = field(default_factory=dict, repr=False)

    def raw_field(self, number: int) -> str:
        """Escaped text of a field, from 1. MSH-1 is the separator itself."""
        if not self._fields:
            self._fields = self.raw.split(self.dialect.separators.field, MOST_FIELDS)
            if self.name == "MSH":
                self._fields.insert(1, self.dialect.separators.field)
        return self._fields[number] if number < len(self._fields) else ""

    def has(self, number: int) -> bool:
        return bool(self.first(number))

    def first(self, number: int) -> Value:
        """The first repetition; an empty Value when the field is not there."""
        return Value(self.raw_field(number).split(self.dialect.separators.repetition, 1)[0], self.dialect)

    def all(self, number: int) -> list[Value]:
        raw = self.raw_field(number)
        sign = self.dialect.separators.repetition
        return [Value(part, self.dialect) for part in raw.split(sign, MOST_REPETITIONS)] if raw else []

    def part(self, number: int, component: int = 1, sub: int = 1, *, limit: int = 200) -> str:
        """One line of clear text of the first repetition. Readers ask for the same more than once."""
        key = (number, component, sub, limit)
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = self._part(number, component, sub, limit)
        return found

    def _part(self, number: int, component: int, sub: int, limit: int) -> str:
        raw = self.raw_field(number)
        if not raw:  # as most fields are
            return ""
        sign = self.dialect.separators.repetition
        return _part(raw.split(sign, 1)[0] if sign in raw else raw, self.dialect, component, sub, limit)


def _part(raw: str, dialect: Dialect, component: int, sub: int, limit: int) -> str:
    if raw.isascii() and raw.isalnum():  # as most values are: no separator, no escape, no blank can be in it
        return raw[:limit] if component == sub == 1 else ""
    raw = _piece(raw, dialect.separators.component, component)
    raw = _piece(raw, dialect.separators.subcomponent, sub)
    return "" if raw in ("", NULL) else one_line(dialect.clear(raw[: limit * LONGEST_ESCAPE]), limit)


def _piece(raw: str, sign: str, number: int) -> str:
    if sign not in raw:
        return raw if number == 1 else ""
    parts = raw.split(sign, number)
    return parts[number - 1] if number <= len(parts) else ""
