"""Runs commands of the project one after the other in one process: a start takes longer than most of them.

Kept running by portal.py. In: a list of arguments as JSON, a line each. Out: [exit code, stdout, stderr].
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

from django.core.management import execute_from_command_line


def run(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code: str | int | None = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            execute_from_command_line(["klisza", *arguments])
        except SystemExit as end:
            code = end.code
    return (code if isinstance(code, int) else int(code is not None)), out.getvalue(), err.getvalue()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), file=answers, flush=True)
