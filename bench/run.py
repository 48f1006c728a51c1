"""Interleaved rounds, medians, one table: ingest, frames, first image. Ratios count; absolute figures do not.

Both archives run with their embedded defaults on the same disk. What cannot be measured here is said below
the table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import browser as pages
from . import copies, data, handing, load, mllp
from .servers import Klisza, Missing, Nginx, Orthanc, answers, program, wait_for

RESULTS = Path(__file__).with_name("results.json")
ASSOCIATIONS, CONNECTIONS = 4, (6, 100)
DICOM_JSON = "application/dicom+json"
NOT_MEASURED = (
    "reports by MLLP: `klisza hl7` alone, synced before each answer; the hl7 package parses, answers, keeps nothing",
    "ingest: Klisza syncs every object and its index row before it answers, Orthanc does not",
    "first image: HTTP only (series metadata, then the first frame), without script, decoding, drawing",
    "no TLS, no cold page cache, no shaped network; load generator and servers share the cores",
)

Samples = dict[str, list[float]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of each wrk run")
    parser.add_argument(
        "--folder", type=Path, help="where to work (about 2 GB); a temporary folder otherwise"
    )
    options = parser.parse_args()
    try:
        for name in ("Orthanc", "dcmsend", "nginx", "wrk", "curl"):
            program(name)
    except Missing as missing:
        print(f"bench: {missing} is not installed (apt install orthanc orthanc-dicomweb dcmtk nginx wrk)")
        return 1
    with tempfile.TemporaryDirectory(prefix="klisza-bench-", dir=options.folder) as folder:
        rows, notes = measure(Path(folder), options.rounds, options.seconds)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))
    print("\n".join(f"- {note}" for note in notes))
    return 0 if all(row["met"] for row in rows) else 2


def measure(folder: Path, rounds: int, seconds: float) -> tuple[list[dict[str, Any]], list[str]]:
    ours: Samples = defaultdict(list)
    theirs: Samples = defaultdict(list)
    static: Samples = defaultdict(list)
    handed: Samples = defaultdict(list)
    parts, disc = data.make(folder / "slices", ASSOCIATIONS), handing.make(folder)
    with contextlib.ExitStack() as stack:
        klisza = stack.enter_context(Klisza(folder / "klisza").running())
        orthanc = stack.enter_context(Orthanc(folder / "orthanc").running())
        nginx = stack.enter_context(Nginx(folder / "nginx").running())
        door, package = stack.enter_context(mllp.both(folder / "mllp"))
        browser = _browser(stack)
        pages.register(klisza)
        mark = data.MARK
        for number in range(1, rounds + 1):
            mark, old = f"777{number:04}", mark
            data.stamp(parts, old, mark)
            _ingest(parts, mark, [(klisza, ours), (orthanc, theirs)], flip=number % 2 == 0)
            _frames(klisza, orthanc, nginx, mark, (ours, theirs, static), seconds, folder)
            _first_image(klisza, orthanc, mark, ours, theirs)
            copies.measure(klisza, orthanc, mark, folder / "slices", ours, theirs)
            mllp.measure(door, package, number, ours, theirs)
            if browser is not None:
                preview, drawn = pages.first_image(klisza, browser, mark)
                ours["browser preview"].append(preview)
                ours["browser first"].append(drawn)
                handing.measure(klisza, orthanc, browser, handing.stamped(disc, number), handed)
            print(f"round {number} of {rounds} done", flush=True)
        notes = [] if browser else ["no Chromium here: the viewer's own figures are missing"]
        notes += [
            f"Orthanc {orthanc.version()}, {os.cpu_count()} cores, {rounds} rounds, {data.SLICES} slices",
            *NOT_MEASURED,
        ]
    return _rows(ours, theirs, static, handed), notes


def _ingest(
    parts: list[Path], mark: str, targets: list[tuple[Klisza | Orthanc, Samples]], *, flip: bool
) -> None:
    for server, samples in reversed(targets) if flip else targets:
        seconds = load.send(parts, ae_title=server.ae_title, port=server.dicom)
        samples["ingest"].append(data.SLICES / seconds)
        if isinstance(server, Klisza):
            wait_for(lambda server=server: server.settled(data.study_uid(mark)), 240, "previews and metadata")


def _frames(
    klisza: Klisza,
    orthanc: Orthanc,
    nginx: Nginx,
    mark: str,
    samples: tuple[Samples, Samples, Samples],
    seconds: float,
    folder: Path,
) -> None:
    """Same frames, same order; each server's first answer is compared with the pixels that were sent."""
    _, ours = klisza.addresses(data.study_uid(mark))
    wait_for(lambda: answers(ours[0]), 60, "the examination to be shown")  # complete, linked, released
    time.sleep(2.5)  # until each of the web processes knows it
    base = f"{orthanc.root}/studies/{data.study_uid(mark)}/series/{data.series_uid(mark)}"
    theirs = [
        f"{base}/instances/{data.instance_uid(mark, number)}/frames/1" for number in range(1, data.SLICES + 1)
    ]
    static = []
    pixels = b""
    for path in sorted((folder / "slices").rglob("*.dcm"), key=lambda path: path.name):
        frame = path.read_bytes()[-data.SIDE * data.SIDE * 2 :]
        (folder / "nginx" / "frames" / path.stem).write_bytes(frame)
        static.append(f"http://127.0.0.1:{nginx.http}/{path.stem}")
        pixels = pixels or frame
    for addresses in (ours, theirs, static):
        _, bodies = load.fetch(addresses[:1], [load.FRAME_ACCEPT])
        if pixels not in bodies[0]:
            raise RuntimeError(f"wrong pixels from {addresses[0][:60]}")
    for connections in CONNECTIONS:
        for addresses, kept in zip((ours, theirs, static), samples, strict=True):
            rate = load.hammer(addresses, connections=connections, seconds=seconds, folder=folder)
            kept[f"frames-{connections}"].append(rate.requests)
            kept[f"p99-{connections}"].append(rate.p99)
            kept["errors"].append(rate.errors)


def _first_image(klisza: Klisza, orthanc: Orthanc, mark: str, ours: Samples, theirs: Samples) -> None:
    base, frames = klisza.addresses(data.study_uid(mark))
    peer = f"{orthanc.root}/studies/{data.study_uid(mark)}/series/{data.series_uid(mark)}"
    accepts = [DICOM_JSON, load.FRAME_ACCEPT]
    for _ in range(3):
        ours["first"].append(load.fetch([f"{base}/metadata", frames[0]], accepts)[0] * 1000)
        theirs["first"].append(
            load.fetch(
                [f"{peer}/metadata", f"{peer}/instances/{data.instance_uid(mark, 1)}/frames/1"], accepts
            )[0]
            * 1000
        )
        ours["preview"].append(load.fetch([f"{base}/rendered"], ["*/*"])[0] * 1000)


def _browser(stack: contextlib.ExitStack) -> Any:
    """None without Chromium; its rows are left out then."""
    try:
        return stack.enter_context(pages.chromium())
    except Missing:
        return None


def _rows(ours: Samples, theirs: Samples, static: Samples, handed: Samples) -> list[dict[str, Any]]:
    def row(
        key: str,
        what: str,
        peer: str,
        samples: Samples,
        name: str,
        unit: str,
        target: float | None,
        *,
        less: bool = False,
    ) -> dict[str, Any]:
        mine, other = (
            statistics.median(ours[name]),
            statistics.median(samples[name]) if samples[name] else 0.0,
        )
        ratio = (other / mine if less else mine / other) if mine and other else 0.0
        return {
            "id": key, "what": what, "peer": peer, "ours": round(mine, 1), "theirs": round(other, 1),
            "unit": unit, "ratio": round(ratio, 2),
            "target": None if target is None else f">= {target:g}x", "met": target is None or ratio >= target,
        }  # fmt: skip

    rows = [
        row(
            "F1",
            f"C-STORE, durable, {ASSOCIATIONS} associations",
            "Orthanc",
            theirs,
            "ingest",
            "objects/s",
            0.5,
        )
    ]
    for connections in CONNECTIONS:
        name = f"frames-{connections}"
        rows.append(
            row(
                f"F3-{connections}",
                f"frames, {connections} connections",
                "Orthanc",
                theirs,
                name,
                "requests/s",
                1.0,
            )
        )
        rows.append(
            row(
                f"F3-{connections}-static",
                f"frames, {connections} connections",
                "nginx static",
                static,
                name,
                "requests/s",
                None,
            )
        )
        rows.append(
            row(
                f"F3-{connections}-p99",
                f"frames, {connections} connections, p99",
                "Orthanc",
                theirs,
                f"p99-{connections}",
                "ms",
                1.0,
                less=True,
            )
        )
    rows.append(
        row(
            "first-image", "series metadata and first frame", "Orthanc", theirs, "first", "ms", 1.0, less=True
        )
    )
    rows.append(
        row("preview", "server-made preview of the series", "none", defaultdict(list), "preview", "ms", None)
    )
    if ours["browser first"]:
        none: Samples = defaultdict(list)
        rows.append(
            row(
                "browser-preview",
                "viewer, cold Chromium: preview there",
                "none",
                none,
                "browser preview",
                "ms",
                None,
            )
        )
        rows.append(
            row(
                "browser-first",
                "viewer, cold Chromium: first slice drawn",
                "none",
                none,
                "browser first",
                "ms",
                None,
            )
        )
    rows += copies.rows(ours, theirs, row)
    rows += _reports(ours, theirs, row)
    rows += handing.rows(handed)
    errors = int(sum(ours["errors"]))
    rows.append({"id": "errors", "what": "wrong or broken answers under load", "peer": "Orthanc",
    "ours": errors, "theirs": int(sum(theirs["errors"])),
                 "unit": "answers", "ratio": 0.0, "target": "0", "met": errors == 0})  # fmt: skip
    return rows


def _reports(ours: Samples, theirs: Samples, row: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """One connection is told beside it: there each message waits for a sync of its own, which the peer has none of."""
    what, rows = "ORU with a 60 KB PDF, durable", []
    for connections, target in ((8, 1.0), (1, None)):
        name = f"mllp-{connections}"
        plural = "s" if connections > 1 else ""
        rows.append(
            row(
                f"F13-{connections}",
                f"{what}, {connections} connection{plural}",
                "hl7 package",
                theirs,
                name,
                "messages/s",
                target,
            )
        )
    rows.append(
        row(
            "F13-applied",
            "effects of these reports, with nothing else to do",
            "none",
            defaultdict(list),
            "mllp-applied",
            "messages/s",
            None,
        )
    )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    head = ("what", "peer", "ours", "theirs", "unit", "ratio", "target", "met")
    lines = [head] + [
        (row["what"], row["peer"], f"{row['ours']:g}", f"{row['theirs']:g}", row["unit"],
        f"{row['ratio']:.2f}x", row["target"] or "-", _met(row))
        for row in rows
    ]  # fmt: skip
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    width = shutil.get_terminal_size((160, 24)).columns
    return "\n".join(
        "  ".join(str(cell).ljust(size) for cell, size in zip(line, widths, strict=True))[: max(width, 120)]
        for line in lines
    )


def _met(row: dict[str, Any]) -> str:
    return "-" if row["target"] is None else "yes" if row["met"] else "NO"
