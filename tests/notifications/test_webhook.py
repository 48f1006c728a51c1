"""The SMS webhook against a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.base.errors import DeliveryFailed
from klisza.notifications.transports import sms_webhook
from tests.portal import free_port


class Gateway(HTTPServer):
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict[str, str], str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((body, self.headers["Idempotency-Key"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def gateway(settings: SettingsWrapper) -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.SMS_URL = f"webhook+http://127.0.0.1:{server.server_port}/sms"
        yield server
        server.shutdown()
        thread.join()


def test_text_is_posted_with_its_key(gateway: Gateway) -> None:
    sms_webhook.send("+48600100200", "Kod: 4821", key="k1")
    [(body, key)] = gateway.received
    assert (body["to"], body["text"], key) == ("+48600100200", "Kod: 4821", "k1")
    assert body["at"].endswith("+00:00")


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (422, True), (401, False), (429, False), (503, False)]
)
def test_refusal_is_permanent_or_not(gateway: Gateway, status: int, permanent: bool) -> None:
    gateway.status = status
    with pytest.raises(DeliveryFailed) as failed:
        sms_webhook.send("+48600100200", "x", key="k")
    assert failed.value.permanent is permanent


def test_gateway_away_is_temporary(settings: SettingsWrapper) -> None:
    settings.SMS_URL = f"webhook+http://127.0.0.1:{free_port()}/"
    with pytest.raises(DeliveryFailed) as failed:
        sms_webhook.send("+48600100200", "x", key="k")
    assert not failed.value.permanent
