"""A disc of 2,000 files handed in from Chromium, beside a plain multipart form and Orthanc's way of uploading.

Seconds from the press of the button until the server has everything. By itself: python -m bench.handing
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from . import browser as pages
from . import data
from .servers import Klisza, Missing, Orthanc, program

FILES, SIDE = 2000, 250
WITHIN_MS = 300_000
SURVEY = """
import uuid
from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.patients.models import Patient
from klisza.questionnaires import services
from klisza.questionnaires.models import Questionnaire, QuestionnaireVersion
words = {"resourceType": "Questionnaire", "status": "active", "title": "Bench",
         "item": [{"linkId": "1", "type": "string", "text": "Where?"}]}
form = Questionnaire.objects.create(name="Bench", title="Bench", state="active", takes_files=True, created_at=clock.now())
version = QuestionnaireVersion.objects.create(
    questionnaire=form, number=1, definition=words, digest=uuid.uuid4().hex * 2, created_at=clock.now())
Questionnaire.objects.filter(pk=form.pk).update(current=version)
person = Patient.objects.get(account__email="bench@klisza.example")
print("=" + str(services.ask(patients=[person], version=version, by=SYSTEM)[0].pk))
"""
# What Orthanc's own page does: one POST /instances for each file, one after the other.
ORTHANC_PAGE = """
<input type=file webkitdirectory><button>go</button><p></p>
<script>
document.querySelector('button').onclick = async () => {
  for (const file of document.querySelector('input').files) await fetch('/instances', {method: 'POST', body: file});
  document.querySelector('p').textContent = 'done';
};
</script>
"""
PLAIN_PAGE = b"<form method=post enctype=multipart/form-data><input type=file name=f webkitdirectory><button>go</button></form>"

Samples = dict[str, list[float]]


def make(folder: Path) -> Path:
    """Every file its own, with noise as pixels; 250 MB."""
    disc = folder / "disc"
    (disc / "DICOM").mkdir(parents=True)
    random = np.random.default_rng(20261124)
    for number in range(1, FILES + 1):
        made = data.slice_of(random.integers(0, 4095, (SIDE, SIDE)), number)
        made.save_as(disc / "DICOM" / f"IM{number:05}", enforce_file_format=True)
    return disc


def measure(klisza: Klisza, orthanc: Orthanc, browser: Any, disc: Path, samples: Samples) -> None:
    """One round; the person is registered."""
    samples["klisza"].append(_klisza(klisza, browser, disc))
    samples["multipart"].append(_multipart(browser, disc))
    samples["orthanc"].append(_orthanc(orthanc, browser, disc))


def stamped(disc: Path, number: int) -> Path:
    """With UIDs of its own in every round: an archive that knows them already would only say so."""
    before = f"776{number - 1:04}" if number > 1 else data.MARK
    data.stamp([disc / "DICOM"], before, f"776{number:04}")
    return disc


def rows(samples: Samples) -> list[dict[str, Any]]:
    """F14: at least as fast as the best of them."""
    peers = (
        ("F14", "plain multipart form", "multipart"),
        ("F14-orthanc", "Orthanc, one POST a file", "orthanc"),
    )
    return [
        _row(key, peer, statistics.median(samples["klisza"]), statistics.median(samples[name]))
        for key, peer, name in peers
        if samples["klisza"]
    ]


def _row(key: str, peer: str, mine: float, other: float) -> dict[str, Any]:
    ratio = other / mine
    return {
        "id": key, "what": "2,000 files handed in by a browser", "peer": peer, "ours": round(mine, 1),
        "theirs": round(other, 1), "unit": "s", "ratio": round(ratio, 2), "target": ">= 1x", "met": ratio >= 1,
    }  # fmt: skip


def _klisza(klisza: Klisza, browser: Any, disc: Path) -> float:
    cookie, key = klisza.said(pages.SIGN_IN).split()
    survey = klisza.said(SURVEY)
    address = f"http://127.0.0.1:{klisza.http}"
    context = browser.new_context()
    context.add_cookies([{"name": cookie, "value": key, "url": address}])
    page = context.new_page()
    try:
        page.goto(f"{address}/surveys/{survey}/files/")
        with page.expect_file_chooser() as opened:
            page.locator("[data-choose=folder]").click()
        opened.value.set_files(str(disc))
        start = _answered(page)
        begin = time.perf_counter()
        start.click()
        page.locator("a[href$='/receipt/']").wait_for(timeout=WITHIN_MS)
        return time.perf_counter() - begin
    finally:
        context.close()


def _answered(page: Any) -> Any:
    """The button that starts; it waits until the page knows whose images they are."""
    start = page.locator("button[value=upload]:enabled")
    question = page.locator("[data-question] button[aria-pressed]")
    page.locator("[data-part=groups] > *").first.wait_for(timeout=WITHIN_MS)  # all files have been looked at
    if question.count():
        question.first.click()
    start.wait_for(timeout=WITHIN_MS)
    return start


def _multipart(browser: Any, disc: Path) -> float:
    """Written to one file and synced, nothing taken apart: the least that a server could do which keeps it."""
    with _sink() as address, _a_page(browser) as page:
        page.goto(address)
        return _sent(page, disc)


def _orthanc(orthanc: Orthanc, browser: Any, disc: Path) -> float:
    address = f"http://127.0.0.1:{orthanc.http}/bench"
    with _a_page(browser) as page:
        page.route(address, lambda route: route.fulfill(body=ORTHANC_PAGE, content_type="text/html"))
        page.goto(address)
        return _sent(page, disc)


@contextmanager
def _a_page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    try:
        yield page
    finally:
        context.close()


def _sent(page: Any, disc: Path) -> float:
    """Seconds from the button to the word."""
    page.set_input_files("input", str(disc))
    begin = time.perf_counter()
    page.click("button")
    page.get_by_text("done").wait_for()
    return time.perf_counter() - begin


@contextmanager
def _sink() -> Iterator[str]:
    class Sink(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(PLAIN_PAGE)

        def do_POST(self) -> None:
            left = int(self.headers["Content-Length"])
            with tempfile.TemporaryFile() as kept:
                while left:
                    left -= kept.write(self.rfile.read(min(left, 1024 * 1024)))
                kept.flush()
                os.fsync(kept.fileno())
            self._say(b"<p>done</p>")

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.handing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    samples: Samples = defaultdict(list)
    folder = Path(tempfile.mkdtemp(prefix="klisza-handing-"))
    try:
        program("Orthanc")
        disc = make(folder)
        with (
            pages.chromium() as browser,
            Klisza(folder / "klisza").running() as klisza,
            Orthanc(folder / "orthanc").running() as orthanc,
        ):
            pages.register(klisza)
            for number in range(1, options.rounds + 1):
                measure(klisza, orthanc, browser, stamped(disc, number), samples)
    except Missing as missing:
        print(f"bench: {missing} is not installed")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({name: [round(one, 2) for one in found] for name, found in samples.items()}, indent=1))
    medians = {name: statistics.median(found) for name, found in samples.items()}
    print({name: f"{median:.1f} s" for name, median in medians.items()})
    return 0 if medians["klisza"] <= min(medians["multipart"], medians["orthanc"]) else 2


if __name__ == "__main__":
    raise SystemExit(main())
