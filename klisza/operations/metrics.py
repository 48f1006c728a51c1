"""Figures of the worker and its queues in Prometheus' text format, on KLISZA_METRICS_BIND only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from django.conf import settings
from django.db import DatabaseError, connections
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from . import health, queues

log = structlog.get_logger(__name__)
registry = CollectorRegistry()
DONE = Counter("klisza_job_things_done", "Things a job has done", ["job"], registry=registry)
FAILURES = Counter("klisza_job_failures", "Runs of a job that ended in an error", ["job"], registry=registry)
SECONDS = Histogram(
    "klisza_job_seconds", "Duration of a run", ["job"], registry=registry, buckets=(0.01, 0.1, 1, 10, 60, 300)
)
LAST = Gauge(
    "klisza_job_last_success_timestamp_seconds", "End of the last good run", ["job"], registry=registry
)


class Queues:
    """Asked at each scrape, so that no figure is older than the question."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("klisza_queue_length", "Rows waiting in a queue", labels=["queue"])
        try:
            for name, length in queues.lengths().items():
                family.add_metric([name], length)
        except DatabaseError:
            log.error("queues_unknown")
        yield family


registry.register(Queues())


def ran(job: str, done: int, seconds: float) -> None:
    DONE.labels(job).inc(done)
    SECONDS.labels(job).observe(seconds)
    LAST.labels(job).set_to_current_time()


def failed(job: str) -> None:
    FAILURES.labels(job).inc()


class Handler(BaseHTTPRequestHandler):
    server_version = "klisza"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
        elif self.path == "/healthz":
            self._answer(200, "text/plain", b"ok\n")
        elif self.path == "/readyz":
            faults = health.faults()
            self._answer(503 if faults else 200, "text/plain", f"{', '.join(faults) or 'ok'}\n".encode())
        else:
            self._answer(404, "text/plain", b"not found\n")
        connections.close_all()

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Scrapes every few seconds would drown everything else."""


def serve() -> None:
    server = ThreadingHTTPServer(settings.METRICS_BIND, Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
