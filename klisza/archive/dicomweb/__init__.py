"""The image doors: browsers by ticket, hospital machines by bearer token. Bare WSGI, in front of Django
(ADR 6).

    /dicom-web/t/<ticket>/studies/...   opaque UIDs, what the viewer needs, GET and HEAD
    /dicom-web/studies|series|instances QIDO-RS and WADO-RS with real UIDs

No path, token or UID of these addresses is ever logged.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from klisza.base.errors import KliszaError, NotFound

from . import browser, machines
from .answers import NO_STORE, PRIVATE, Answer, Environ, Problem, StartResponse, of_problem

__all__ = ["application"]

log = structlog.get_logger(__name__)

ROOT = "/dicom-web/"


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    path = environ.get("PATH_INFO", "")
    by_ticket = path.startswith(ROOT + "t/")
    try:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise Problem(405, "", ("Allow", "GET, HEAD"))
        if not path.startswith(ROOT):
            raise NotFound
        parts = path[len(ROOT) :].split("/")
        answer = browser.answer(parts[1:], environ) if by_ticket else machines.answer(parts, environ)
    except KliszaError as problem:
        return of_problem(problem).send(environ, start_response, NO_STORE)
    except Exception as fault:  # noqa: BLE001 - the door: whatever broke, the peer gets a plain 500 and the log no values
        log.error("dicomweb_failed", error=type(fault).__name__, at=_place(fault))
        return of_problem(fault).send(environ, start_response, NO_STORE)
    return answer.send(environ, start_response, _cache(answer, by_ticket=by_ticket))


def _cache(answer: Answer, *, by_ticket: bool) -> tuple[str, str]:
    return PRIVATE if by_ticket and answer.status in (200, 206) else NO_STORE


def _place(fault: Exception) -> str:
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
