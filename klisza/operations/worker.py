"""The worker: every app's jobs, each in its own thread: a slow or failing one stops no other (L20)."""

from __future__ import annotations

import os
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

import structlog
from django.apps import apps
from django.db import close_old_connections, connections
from django.utils.module_loading import module_has_submodule

from klisza.base.database import state_of_rows
from klisza.base.signals import stop_asked

from . import metrics

log = structlog.get_logger(__name__)

FINISH_WITHIN_SECONDS = 20
LONGEST_WAIT_SECONDS = 300.0
OUR_CODE = "/klisza/"
BREATH_SECONDS = 0.02  # between two runs that both found work
# Fifty jobs that ask an unchanged database several times a second cost a tenth of a processor: without any commit of
# others they look this seldom, for what falls due by the clock alone.
QUIET_SECONDS = 3.0


@dataclass(frozen=True)
class Job:
    """every: seconds between two runs that find nothing. run: returns the number of things done."""

    name: str
    every: float
    run: Callable[[], int]


def all_jobs() -> Iterator[Job]:
    """What each app lists in jobs.PERIODIC."""
    for app in apps.get_app_configs():
        if app.name.startswith("klisza.") and module_has_submodule(app.module, "jobs"):
            for every, function in import_module(f"{app.name}.jobs").PERIODIC:
                yield Job(f"{app.label}.{function.__name__.removeprefix('run_')}", every, function)


def run() -> None:
    """Until SIGTERM or SIGINT; then every job may finish its run, at most FINISH_WITHIN_SECONDS."""
    stop = stop_asked()
    metrics.serve()
    threads = [
        threading.Thread(target=_repeat, args=(job, stop), name=job.name, daemon=True) for job in all_jobs()
    ]
    for thread in threads:
        thread.start()
    log.info("worker_started", jobs=len(threads))
    stop.wait()
    deadline = time.monotonic() + FINISH_WITHIN_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    log.info("worker_stopped", unfinished=late)
    if late:
        os._exit(0)  # its rows are leased: another worker takes them up when the lease ends


def _repeat(job: Job, stop: threading.Event) -> None:
    failures = 0
    stop.wait(random.uniform(0, min(job.every, 1.0)))  # noqa: S311 - spreads the first runs, no secret
    while not stop.is_set():
        before, began = state_of_rows(), time.monotonic()
        done = run_once(job)
        failures = failures + 1 if done is None else 0
        stop.wait(_pause(job, done, failures))
        while done == 0 and _is_quiet(before, began) and not stop.is_set():
            stop.wait(job.every)
    connections.close_all()


def _is_quiet(before: object | None, began: float) -> bool:
    return before is not None and time.monotonic() - began < QUIET_SECONDS and state_of_rows() == before


def run_once(job: Job) -> int | None:
    """One run; None when it failed. The log names the place, never the values: they may be a patient's."""
    close_old_connections()
    began = time.monotonic()
    try:
        done = job.run()
    except Exception as failed:  # noqa: BLE001 - the door of every job: its fault must not end the others
        metrics.failed(job.name)
        log.error("job_failed", job=job.name, error=type(failed).__name__, at=_place(failed))
        return None
    finally:
        close_old_connections()
    metrics.ran(job.name, done, time.monotonic() - began)
    return done


def _pause(job: Job, done: int | None, failures: int) -> float:
    if done is None:
        return min(LONGEST_WAIT_SECONDS, max(job.every, 1.0) * 2 ** min(failures, 10))
    return BREATH_SECONDS if done else job.every


def _place(failed: Exception) -> str:
    """The innermost line of ours: where to look."""
    ours = [frame for frame in traceback.extract_tb(failed.__traceback__) if OUR_CODE in frame.filename]
    return f"{ours[-1].filename.rpartition(OUR_CODE)[2]}:{ours[-1].lineno}" if ours else ""
