"""Run as a program by test_surveys.py: completions that race, and completing processes that are killed (R57)."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
django.setup()
# ruff: noqa: E402

from django.db import connection, connections

from klisza.audit.models import AuditEvent
from klisza.blobs import services as blobs
from klisza.documents.models import Document
from klisza.patients.models import Patient
from klisza.questionnaires import printing, services
from klisza.questionnaires.errors import AlreadySent
from klisza.questionnaires.models import Answer, Completion, Flag, PreparedPdf, SurveyRequest
from klisza.questionnaires.services import completion
from klisza.standards.questionnaire import flags
from klisza.uploads import services as uploads
from klisza.uploads.bodies import Body
from klisza.uploads.models import Delivery, HandedFile, Upload
from klisza.uploads.services import receiving
from tests.examinations.given import a_patient
from tests.questionnaires.asked import survey, viewer
from tests.standards.forms import form, question, when
from tests.uploads.given import listed

FLAG = {
    "url": flags.URL,
    "extension": [{"url": "text", "valueString": "Rozrusznik"}, {"url": "severity", "valueCode": "danger"}],
}
ASKED = form(
    question("pacemaker", "boolean", required=True, extension=[FLAG]),
    question("model", enableWhen=[when("pacemaker", "=", answerBoolean=False)]),
)
PDF = b"%PDF-1.7 of the answers"
SLOWEST_KILL_SECONDS = 0.15  # a completion whose PDF is ready takes about as long
# What a survey that was completed once looks like, from whatever side.
ONE_SET = {
    "completions": 1, "documents": 1, "flags": 1, "audited": 1, "closed": 1, "prepared": 0, "state": "answered",
    "answers": ["pacemaker"], "pdf": True, "response": True, "delivery": "complete", "files": ["arrived"],
}  # fmt: skip


@dataclass
class Given:
    """A survey with everything answered, one file on its list, whose upload is open."""

    patient: Patient
    request: SurveyRequest
    upload: Upload

    def press(self) -> str:
        try:
            services.complete(
                viewer=viewer(self.patient), request=SurveyRequest.objects.get(pk=self.request.pk),
                account=self.patient.account, button="upload", seen=self.request.answers_version,
            )  # fmt: skip
        except AlreadySent:
            return "already sent"
        return "completed"

    def send_rest(self) -> None:
        upload = Upload.objects.filter(pk=self.upload.pk).first()
        if upload is not None and upload.offset < 4:
            receiving.append(upload=upload, offset=upload.offset, body=Body(Bytes(), 4 - upload.offset))


class Bytes:
    def read(self, size: int, /) -> bytes:
        return b"byte"[:size]


def given() -> Given:
    patient = a_patient(uuid.uuid4().hex)
    account = patient.account
    assert account is not None
    request = survey(patient, ASKED, takes_files=True)
    said = (("pacemaker", {"valueBoolean": True}), ("model", {"valueString": "x"}))
    changes = [services.Change(path, [value]) for path, value in said]
    services.save(request=request, changes=changes, by=viewer(patient).actor)
    request.refresh_from_db()
    delivery = uploads.delivery_for(patient=patient, account=account, subject=request.pk)
    file = listed(delivery, ("CD/IM1", 4))[0]
    return Given(patient, request, receiving.open_upload(file=file, account=account, length=4))


def found(one: Given) -> dict[str, Any]:
    """ONE_SET if everything is as it should be."""
    request = SurveyRequest.objects.get(pk=one.request.pk)
    done = list(Completion.objects.filter(request=request).select_related("pdf", "document"))
    delivery = Delivery.objects.get(subject=request.pk)
    return {
        "completions": len(done),
        "documents": Document.objects.filter(patient=one.patient).count(),
        "flags": Flag.objects.filter(completion__in=done).count(),
        "audited": _audited("survey.completed", request.pk),
        "closed": _audited("delivery.closed", delivery.pk),
        "prepared": PreparedPdf.objects.filter(request=request).count(),
        "state": request.state,
        "answers": sorted(Answer.objects.filter(request=request).values_list("path", flat=True)),
        "pdf": all(blobs.read(row.pdf.key) == PDF for row in done),
        "response": all([item["linkId"] for item in row.response["item"]] == ["pacemaker"] for row in done),
        "delivery": delivery.state,
        "files": list(HandedFile.objects.filter(delivery=delivery).values_list("state", flat=True)),
    }


def _audited(action: str, key: uuid.UUID) -> int:
    return AuditEvent.objects.filter(action=action, objects_json__icontains=str(key)).count()


def die(*_args: Any, **_more: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _before_the_pdf() -> None:
    printing.pdf = die


def _with_its_bytes_durable() -> None:
    completion._response = die


def _with_the_list_closed() -> None:
    completion._write = die


def _with_the_completion_written() -> None:
    completion.flags.raised = die


def _just_before_the_commit() -> None:
    completion.record = die


def _after_the_commit() -> None:
    Given.press = _press_and_die  # type: ignore[method-assign]


_press = Given.press


def _press_and_die(self: Given) -> str:
    _press(self)
    return str(die())


POINTS: dict[str, Callable[[], None]] = {
    "before the pdf": _before_the_pdf,
    "with its bytes durable": _with_its_bytes_durable,
    "with the list closed": _with_the_list_closed,
    "with the completion written": _with_the_completion_written,
    "just before the commit": _just_before_the_commit,
    "after the commit": _after_the_commit,
}


def in_a_process(act: Callable[[], object], *, kill_after: float | None = None) -> bool:
    """A child with connections of its own; whether it was killed."""
    connections.close_all()
    child = os.fork()
    if not child:
        act()
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed instead"
    return os.WIFSIGNALED(status)


def kill_at_points() -> dict[str, Any]:
    """point -> what a second try hears, and what is there then."""
    told: dict[str, Any] = {}
    for name, prepare in POINTS.items():
        one = given()

        def dies(one: Given = one, prepare: Callable[[], None] = prepare) -> None:
            prepare()
            one.press()

        killed = in_a_process(dies)
        heard = one.press()
        one.send_rest()
        told[name] = [killed, heard, found(one) == ONE_SET or found(one)]
    return told


def kill_at_random(rounds: int) -> dict[str, Any]:
    """Two completing processes, one of them killed whenever it may be, with a chunk under way."""
    wrong, heard = [], Counter[str]()
    for _round in range(rounds):
        one = given()
        services.want_pdf(
            request=one.request, answers_version=one.request.answers_version, language=one.patient.account.language
        )  # fmt: skip
        in_a_process(
            lambda one=one: (one.send_rest(), one.press()), kill_after=random.random() * SLOWEST_KILL_SECONDS
        )  # type: ignore[misc]
        heard[one.press()] += 1
        one.send_rest()
        if found(one) != ONE_SET:
            wrong.append(found(one))
    return {"wrong": wrong, "rounds": heard.total(), "heard": sorted(heard)}


class InFlight(Bytes):
    """Its bytes come at the very moment at which both buttons are pressed."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self.barrier = barrier

    def read(self, size: int, /) -> bytes:
        self.barrier.wait(30)
        return super().read(size)


def race(rounds: int) -> dict[str, Any]:
    """Both have looked before either writes."""
    wrong, heard = [], Counter[str]()
    for _round in range(rounds):
        one, barrier = given(), threading.Barrier(3)
        outcomes: list[str] = []

        def look(_page: str, barrier: threading.Barrier = barrier) -> bytes:
            barrier.wait(30)
            return PDF

        def complete(one: Given = one, outcomes: list[str] = outcomes) -> None:
            outcomes.append(one.press())
            connection.close()

        def send(
            one: Given = one, barrier: threading.Barrier = barrier, outcomes: list[str] = outcomes
        ) -> None:
            receiving.append(upload=one.upload, offset=0, body=Body(InFlight(barrier), 4))
            outcomes.append("sent")
            connection.close()

        printing.pdf = look
        threads = [threading.Thread(target=act) for act in (complete, complete, send)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        heard[", ".join(sorted(outcomes))] += 1
        if found(one) != ONE_SET:
            wrong.append(found(one))
    return {"wrong": wrong, "heard": dict(heard)}


if __name__ == "__main__":
    printing.pdf = lambda _page: PDF
    what, *arguments = sys.argv[1:]
    if what == "points":
        print(json.dumps(kill_at_points()))
    else:
        print(json.dumps({"random": kill_at_random, "race": race}[what](int(arguments[0]))))
