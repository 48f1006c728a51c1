"""SMSAPI's form and answers against a real HTTP server on loopback; a provider that stalls."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.base.errors import DeliveryFailed
from klisza.notifications.transports import sms_smsapi, sms_webhook, web
from tests.portal import free_port


class Provider(HTTPServer):
    status, answer = 200, {"count": 1, "list": [{"id": "1", "status": "QUEUE"}]}

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict[str, list[str]], str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append((parse_qs(body), self.headers["Authorization"]))
        answer = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def provider(settings: SettingsWrapper) -> Iterator[Provider]:
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.SMS_URL = f"smsapi+http://127.0.0.1:{server.server_port}/sms.do"
        settings.SMS_TOKEN = "token-of-the-test"
        yield server
        server.shutdown()
        thread.join()


def send() -> None:
    sms_smsapi.send("+48600100200", "Twój kod: 4821", key="k1")


def test_form_and_token_are_smsapis(provider: Provider, settings: SettingsWrapper) -> None:
    send()
    [(form, token)] = provider.received
    assert token == "Bearer token-of-the-test"
    assert form == {
        "to": ["48600100200"],
        "message": ["Twój kod: 4821"],
        "from": [settings.SMS_SENDER],
        "encoding": ["utf-8"],
        "format": ["json"],
        "idx": ["k1"],
        "check_idx": ["1"],
    }


@pytest.mark.parametrize(
    ("error", "permanent"), [(13, True), (12, True), (101, False), (103, False), (201, False)]
)
def test_error_in_the_answer_is_a_failure(provider: Provider, error: int, permanent: bool) -> None:
    provider.answer = {"error": error, "message": "…"}
    with pytest.raises(DeliveryFailed) as failed:
        send()
    assert (failed.value.permanent, str(failed.value)) == (permanent, f"smsapi error {error}")


def test_repeated_message_counts_as_sent(provider: Provider) -> None:
    provider.answer = {"error": 53, "message": "Not unique idx"}
    send()


def test_status_without_a_known_error_is_temporary(provider: Provider) -> None:
    provider.status, provider.answer = 503, {}
    with pytest.raises(DeliveryFailed) as failed:
        send()
    assert not failed.value.permanent


@pytest.mark.parametrize("transport", [sms_smsapi, sms_webhook])
def test_provider_that_drips_is_given_up(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch, transport: object
) -> None:
    """One byte now and then keeps every single wait short: the deadline is for the whole."""
    monkeypatch.setattr(web, "SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server,))
        thread.start()
        port = server.getsockname()[1]
        kind = "smsapi" if transport is sms_smsapi else "webhook"
        settings.SMS_URL = f"{kind}+http://127.0.0.1:{port}/"
        settings.SMS_TOKEN = "x"
        began = time.monotonic()
        with pytest.raises(DeliveryFailed) as failed:
            transport.send("+48600100200", "x", key="k")  # type: ignore[attr-defined]
        assert not failed.value.permanent
        assert time.monotonic() - began < 3
        thread.join()


def _drip(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _byte in range(100):
                connection.sendall(b"x")
                time.sleep(0.1)
        except OSError:
            pass


def test_provider_away_is_temporary(settings: SettingsWrapper) -> None:
    settings.SMS_URL, settings.SMS_TOKEN = f"smsapi+http://127.0.0.1:{free_port()}/", "x"
    with pytest.raises(DeliveryFailed) as failed:
        send()
    assert not failed.value.permanent
