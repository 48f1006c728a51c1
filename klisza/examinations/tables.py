"""Tables of the hospital as spreadsheets write them (CSV): all or nothing, each mistake with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from . import kinds

# Columns and the longest text in them; the first two are required.
PROCEDURE_COLUMNS = {"code": 64, "name_pl": 200, "name_en": 200, "name_uk": 200, "kind": 8, "flags": 200}
WARD_COLUMNS = {
    "code": 64,
    "name": 200,
    "telephone": 40,
    "next_step_pl": 2000,
    "next_step_en": 2000,
    "next_step_uk": 2000,
}
SEPARATORS = (";", "\t", ",")
LINES_MOST = 100_000
PROBLEMS_MOST = 50

Row = dict[str, str]
Problem = tuple[int, str]  # line of the file, sentence


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_table(source: str | bytes, columns: Mapping[str, int]) -> Table:
    """Rows of the known columns that the first line names; an absent column is not touched by an import."""
    table = Table()
    try:
        lines = _lines(source)
        header = [name.strip().lower() for name in next(lines, (1, []))[1]]
        _check_header(header, columns, table)
        if not table.problems:
            _read(lines, header, columns, table)
    except UnicodeDecodeError:
        table.problems.append((1, _("The file is neither UTF-8 nor Windows-1250.")))
    except csv.Error:
        table.problems.append((1, _("The file is not a table of text (CSV).")))
    if not table.rows and not table.problems:
        table.problems.append((1, _("The file has no rows.")))
    return table


def problem_of(row: Row, columns: Mapping[str, int]) -> str:
    """What is wrong with one row; "" = nothing."""
    for name in list(columns)[:2]:
        if name in row and not row[name]:
            return _("%(column)s is missing.") % {"column": name}
    for name, value in row.items():
        if len(value) > columns[name]:
            return _("%(column)s is longer than %(most)d characters.") % {
                "column": name,
                "most": columns[name],
            }
        if any(ord(char) < 32 and char not in "\n\r\t" for char in value):
            return _("%(column)s contains control characters.") % {"column": name}
    if row.get("kind") and row["kind"] not in kinds.BY_CODE:
        return _("%(kind)s is no kind of examination; known are %(known)s.") % {
            "kind": row["kind"],
            "known": ", ".join(kinds.BY_CODE),
        }
    return ""


def _lines(source: str | bytes) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty, with the number under which an editor shows them."""
    text = _text(source)
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _text(source: str | bytes) -> str:
    """What is no UTF-8 was written by a spreadsheet of Polish Windows."""
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError:
        return source.decode("cp1250")


def _check_header(header: list[str], columns: Mapping[str, int], table: Table) -> None:
    missing = [name for name in list(columns)[:2] if name not in header]
    unknown = [name for name in header if name not in columns]
    if missing:
        sentence = _("The first line must name the columns; missing: %(columns)s.")
        table.problems.append((1, sentence % {"columns": ", ".join(missing)}))
    elif unknown:
        sentence = _("Unknown columns: %(columns)s. Known are %(known)s.")
        table.problems.append((
            1, sentence % {"columns": ", ".join(name[:40] for name in unknown), "known": ", ".join(columns)}
        ))  # fmt: skip
    elif len(set(header)) != len(header):
        table.problems.append((1, _("A column is named twice.")))


def _read(
    lines: Iterator[tuple[int, list[str]]], header: list[str], columns: Mapping[str, int], table: Table
) -> None:
    seen: dict[str, int] = {}
    for number, cells in lines:
        problem = _add(cells, header, columns, table, seen, number)
        if problem:
            table.problems.append((number, problem))
        if len(table.problems) >= PROBLEMS_MOST or len(table.rows) > LINES_MOST:
            return


def _add(
    cells: list[str],
    header: list[str],
    columns: Mapping[str, int],
    table: Table,
    seen: dict[str, int],
    number: int,
) -> str:
    """Takes the row in; returns what is wrong with it."""
    if len(cells) != len(header):
        sentence = _("This line has %(here)d columns, the first line %(first)d.")
        return sentence % {"here": len(cells), "first": len(header)}
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    if problem := problem_of(row, columns):
        return problem
    if row["code"] in seen:
        return _("The code stands in line %(line)d already.") % {"line": seen[row["code"]]}
    seen[row["code"]] = number
    table.rows.append(row)
    return ""
