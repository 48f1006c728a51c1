"""The inside of the sandbox; started by sandbox.call only."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    """Read one request from stdin, answer on the original stdout; whatever the libraries print goes nowhere."""
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    request = json.loads(sys.stdin.buffer.read())
    _limit(request)
    try:
        message: dict[str, Any] = {"result": _call(request)}
    except MemoryError:
        message = {"failed": "memory"}
    except BaseException as failed:  # noqa: BLE001 - pylibjpeg raises PanicException, which is no Exception (trust.md P13)
        message = {"failed": f"error: {type(failed).__name__}: {failed}"[:300]}
    with os.fdopen(answer, "wb") as out:
        out.write(json.dumps(message).encode())
        out.flush()
    os._exit(0)  # a library that hangs in its destructors must not hold us


def _limit(request: dict[str, Any]) -> None:
    memory = int(request["memory_mb"]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (int(request["cpu_seconds"]), int(request["cpu_seconds"]) + 1))
    size = int(request["file_mb"]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _call(request: dict[str, Any]) -> Any:
    module, _, name = request["function"].partition(":")
    if not module.startswith("klisza."):
        raise ValueError("not one of our functions")
    return getattr(importlib.import_module(module), name)(**request["arguments"])
