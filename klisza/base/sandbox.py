"""Runs one pure function in a child process that may be killed: every decoder, PDF and ZIP of strangers goes here.

The child is a fresh interpreter (nothing of ours in its memory, no secret in its environment, no database) under
RLIMIT_AS, RLIMIT_CPU, RLIMIT_FSIZE, no core dump and a wall clock. It answers in JSON, never in pickle: what a decoder
was tricked into writing must not run here. Large results are files in `folder`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from .errors import SandboxFailed

PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
ANSWER_LIMIT = 64 * 1024 * 1024
CHILD_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",  # each BLAS thread reserves address space, which RLIMIT_AS counts
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def call(
    function: str,
    arguments: dict[str, Any],
    *,
    folder: Path | None = None,
    memory_mb: int = 2048,
    cpu_seconds: int = 30,
    wall_seconds: int = 45,
    file_mb: int = 1024,
) -> Any:
    """Call `package.module:name(**arguments)` in the child and return its JSON answer.

    function: must live in a module that imports neither Django nor the database.
    folder: working directory of the child; the only place it should write to.
    Raises SandboxFailed (reason: time, memory, crash: SIGxxx, error: ...).
    """
    request = json.dumps({"function": function, "arguments": arguments, "memory_mb": memory_mb,
                          "cpu_seconds": cpu_seconds, "file_mb": file_mb})  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {PACKAGE_PARENT!r}); "
         "from klisza.base.sandbox_child import main; main()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=folder or "/",
        # Libraries leave temporary files behind when they are killed: they go with the folder.
        env=CHILD_ENVIRONMENT | ({"TMPDIR": str(folder)} if folder else {}),
        start_new_session=True,
    )  # fmt: skip
    try:
        answer, _ = child.communicate(request.encode(), timeout=wall_seconds)
    except subprocess.TimeoutExpired:
        raise SandboxFailed("time") from None
    finally:
        _end(child)
    if child.returncode != 0 or len(answer) > ANSWER_LIMIT:
        raise SandboxFailed(_reason(child.returncode))
    return _read(answer)


def _end(child: subprocess.Popen[bytes]) -> None:
    """The whole process group: a decoder may have started helpers."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def _reason(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "time"
    return f"crash: {signal.Signals(-code).name}" if code < 0 else f"crash: exit {code}"


def _read(answer: bytes) -> Any:
    try:
        message = json.loads(answer)
        if "failed" in message:
            raise SandboxFailed(str(message["failed"])[:300])
        return message["result"]
    except (ValueError, KeyError, TypeError):
        raise SandboxFailed("crash: no answer") from None
