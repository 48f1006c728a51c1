"""One segment and one repetition of a field, by the numbers of the standard. Split only when asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from .escapes import one_line, plain, unescaped
from .separators import Separators, divided

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


@dataclass(slots=True)
class Value:
    """One repetition of a field, still escaped. Split once, when a part is asked for."""

    raw: str
    dialect: Dialect
    _components: list[str] | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.raw.strip()) and not self.is_null

    @property
    def is_null(self) -> bool:
        """The sender removes the value."""
        return self.raw.strip() == NULL

    def components(self) -> list[str]:
        if self._components is None:
            self._components = divided(self.raw, self.dialect.separators.component, MOST_COMPONENTS)
        return self._components

    def component(self, number: int) -> str:
        """Escaped text of a component, from 1; "" when it is not there."""
        components = self.components()
        return components[number - 1] if number <= len(components) else ""

    def part(self, component: int = 1, sub: int = 1, *, limit: int = 200) -> str:
        """One line of clear text of a sub-component; "" for what is missing or null."""
        if not self.raw:  # as most are
            return ""
        components = self._components or self.components()
        raw = components[component - 1] if component <= len(components) else ""
        if (
            raw.isascii() and raw.isalnum()
        ):  # nearly all others: no separator, no escape, no blank can be in it
            return raw[:limit] if sub == 1 else ""
        raw = _piece(raw, self.dialect.separators.subcomponent, sub)
        if raw in ("", NULL):
            return ""
        return one_line(self.dialect.clear(raw[: limit * LONGEST_ESCAPE]), limit)

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
    _fields: list[str] = field(default_factory=list, repr=False, compare=False)
    _firsts: dict[int, Value] = field(default_factory=dict, repr=False, compare=False)

    def raw_field(self, number: int) -> str:
        """Escaped text of a field, from 1. MSH-1 is the separator itself."""
        fields = self._fields or self._divide()
        return fields[number] if number < len(fields) else ""

    def has(self, number: int) -> bool:
        return bool(self.first(number))

    def first(self, number: int) -> Value:
        """The first repetition; an empty Value when the field is not there. Readers ask for the same more than once."""
        found = self._firsts.get(number)
        if found is None:
            raw, sign = self.raw_field(number), self.dialect.separators.repetition
            found = Value(raw.split(sign, 1)[0] if sign in raw else raw, self.dialect)
            self._firsts[number] = found
        return found

    def all(self, number: int) -> list[Value]:
        raw = self.raw_field(number)
        if not raw:
            return []
        sign = self.dialect.separators.repetition
        if sign not in raw:
            return [self.first(number)]
        return [Value(part, self.dialect) for part in raw.split(sign, MOST_REPETITIONS)]

    def part(self, number: int, component: int = 1, sub: int = 1, *, limit: int = 200) -> str:
        """One line of clear text of the first repetition."""
        fields = self._fields or self._divide()
        if number >= len(fields) or not fields[number]:  # as most are
            return ""
        return self.first(number).part(component, sub, limit=limit)

    def _divide(self) -> list[str]:
        self._fields = divided(self.raw, self.dialect.separators.field, MOST_FIELDS)
        if self.name == "MSH":
            self._fields.insert(1, self.dialect.separators.field)
        return self._fields


def _piece(raw: str, sign: str, number: int) -> str:
    if sign not in raw:
        return raw if number == 1 else ""
    parts = raw.split(sign, number)
    return parts[number - 1] if number <= len(parts) else ""
