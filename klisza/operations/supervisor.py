"""Keeps a few child processes running: starts, restarts with back-off, stops them all in time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from .lifeline import end_with

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
SETTLED_SECONDS = 60.0  # a child that ran this long may restart at once again


@dataclass
class Child:
    """One program; `environment` is added to ours."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0

    def start(self) -> None:
        us = os.getpid()
        # Safe here: the supervisor has one thread, and Linux ties the signal to the thread that forks.
        self.process = subprocess.Popen(
            self.command,
            env=os.environ | self.environment,
            preexec_fn=lambda: end_with(us),  # noqa: PLW1509
        )
        self.started = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """children: started in this order. stop_within: seconds from SIGTERM to the last SIGKILL."""

    def __init__(self, children: list[Child], *, stop_within: float) -> None:
        self.children = children
        self.stop_within = stop_within
        self.stopping = False

    def run(
        self, *, ready: Callable[[], bool] = lambda: True, announce: Callable[[], None] = lambda: None
    ) -> None:
        """Returns after SIGTERM, SIGINT or SIGHUP, when every child has ended.

        ready: asked until it says yes; then `announce` is called once.
        """
        with self._signals():
            for child in self.children:
                child.start()
            announced = False
            while not self.stopping:
                if not announced and ready():
                    announced = True
                    announce()
                self._revive()
                time.sleep(POLL_SECONDS)
            self._stop()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(number: int, frame: object) -> None:
            self.stopping = True

        before = {
            number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _revive(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and not child.running:
                self._plan(child, now)
            if child.process is None and now >= child.again_at:
                child.start()

    def _plan(self, child: Child, now: float) -> None:
        """A child has died: note it and when it may start again."""
        assert child.process is not None  # noqa: S101 - for the type checker
        child.failures = 0 if now - child.started > SETTLED_SECONDS else child.failures + 1
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**child.failures)
        child.again_at = now + wait
        log.error("role_died", role=child.name, code=child.process.returncode, again_in_seconds=wait)
        child.process = None

    def _stop(self) -> None:
        """SIGTERM to all at once; SIGKILL to whoever is left at the deadline."""
        deadline = time.monotonic() + self.stop_within
        for child in self.children:
            if child.running and child.process:
                child.process.terminate()
        while time.monotonic() < deadline and any(child.running for child in self.children):
            time.sleep(POLL_SECONDS)
        for child in self.children:
            if child.running and child.process:
                log.error("role_killed", role=child.name)
                child.process.kill()
                child.process.wait()
