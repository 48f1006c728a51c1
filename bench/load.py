"""Load: dcmsend for images in, wrk for images out, a plain client for the first image."""

from __future__ import annotations

import gzip
import http.client
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .servers import program

FRAME_ACCEPT = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local at = 0
request = function() at = at %% #paths + 1; return wrk.format("GET", paths[at]) end
"""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Rate:
    """requests: per second; p99: milliseconds; errors: answers that were not 2xx, and broken connections."""

    requests: float
    p99: float
    errors: int


def send(folders: list[Path], *, ae_title: str, port: int) -> float:
    """C-STORE every folder over an association of its own, all at once; seconds until the last is done."""
    command = [program("dcmsend"), "--quiet", "--scan-directories", "-aec", ae_title, "127.0.0.1", str(port)]
    begin = time.perf_counter()
    senders = [subprocess.Popen([*command, str(folder)], stderr=subprocess.PIPE) for folder in folders]
    errors = [sender.communicate()[1].decode(errors="replace") for sender in senders]
    seconds = time.perf_counter() - begin
    if any(sender.returncode for sender in senders):
        raise RuntimeError(f"dcmsend: {' '.join(errors)[-500:]}")
    return seconds


def hammer(addresses: list[str], *, connections: int, seconds: float, folder: Path) -> Rate:
    """Ask for the addresses in turn, again and again."""
    first = urlsplit(addresses[0])
    (folder / "paths").write_text("\n".join(urlsplit(address).path for address in addresses))
    (folder / "wrk.lua").write_text(SCRIPT % (folder / "paths"))
    command = [program("wrk"), "-t2", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "--timeout",
    "30s", "-s", str(folder / "wrk.lua"),
               "-H", f"Accept: {FRAME_ACCEPT}", f"http://{first.netloc}"]  # fmt: skip
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    late = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    requests = re.search(r"Requests/sec:\s+([\d.]+)", text)
    wrong = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", text)))
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    errors = wrong + (sum(map(int, broken.groups())) if broken else 0)
    return Rate(
        float(requests[1]) if requests else 0.0, float(late[1]) * UNITS[late[2]] if late else 0.0, errors
    )


def fetch(addresses: list[str], accepts: list[str]) -> tuple[float, list[bytes]]:
    """One connection, one request after another, gzip taken as browsers do; (seconds, bodies)."""
    first = urlsplit(addresses[0])
    begin = time.perf_counter()
    connection = http.client.HTTPConnection(first.netloc, timeout=120)
    bodies = []
    for address, accept in zip(addresses, accepts, strict=True):
        connection.request(
            "GET", urlsplit(address).path, headers={"Accept": accept, "Accept-Encoding": "gzip"}
        )
        reply = connection.getresponse()
        body = reply.read()
        bodies.append(gzip.decompress(body) if reply.headers.get("Content-Encoding") == "gzip" else body)
        if reply.status != 200:
            raise RuntimeError(f"answer {reply.status}")
    seconds = time.perf_counter() - begin
    connection.close()
    return seconds, bodies
