"""Logs carry ids, never secrets or values (R37, R50)."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the handler of the root logger would print."""
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    before, text = handler.stream, StringIO()
    handler.setStream(text)
    yield text
    handler.setStream(before)


@pytest.fixture(autouse=True)
def our_handler() -> None:
    from klisza.ui import logs

    logs.configure({})


@pytest.mark.parametrize(
    "path",
    [
        "/login/reset/S3CRET/",
        "/s/S3CRET/",
        "/dicom-web/t/S3CRET/studies/1",
        "/dicom-web/studies/S3CRET/metadata",
    ],
)
def test_tokens_in_addresses_are_cut_r50(written: StringIO, path: str) -> None:
    logging.getLogger("django.security.csrf").warning("Forbidden (%s): %s", "Origin", path)

    assert "S3CRET" not in written.getvalue()
    assert "/-" in written.getvalue()


def test_an_exception_leaves_no_values() -> None:
    value = "4405140" + "1359"  # a traceback quotes the source line, so it must not stand in one
    try:
        raise ValueError(value)
    except ValueError:
        record = logging.getLogger("klisza").makeRecord(
            "klisza", logging.ERROR, __file__, 1, "failed", (), sys.exc_info()
        )

    line = logging.getLogger().handlers[0].format(record)

    assert json.loads(line)["exception"].endswith("ValueError")
    assert value not in line


def test_a_line_break_forges_no_record_r37(written: StringIO) -> None:
    logging.getLogger("klisza").warning("name=%s", 'x\n{"level": "critical"}')

    assert len(written.getvalue().splitlines()) == 1
