"""An OpenID provider for tests: real HTTP on loopback, real keys, and every fault it can be asked for."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "klisza", "a secret of two: parts"
_keys: list[RSAKey] = []


def rsa(number: int) -> RSAKey:
    """Made once a run: half a second each."""
    while len(_keys) <= number:
        _keys.append(RSAKey.generate_key(2048, auto_kid=True))
    return _keys[number]


class Provider:
    """people: {button: claims}. Faults: `edit` changes the claims, `sign` replaces the signing, `fault` an answer."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.key = rsa(0)
        self.published = {"use": "sig", "alg": "RS256"}
        self.edit: Callable[[dict[str, Any]], None] = lambda claims: None
        self.sign: Callable[[dict[str, Any]], str] = self._signed
        self.fault: dict[str, str] = {}  # path -> stall | 500 | garbage | huge | packed | list | drip
        self.metadata_edit: Callable[[dict[str, Any]], None] = lambda read: None
        self.codes: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []  # what came in, for looking at
        self.ending = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, {})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                provider.answer(self, _flat(self.rfile.read(length).decode()))

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"

    def answer(self, to: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        address = urlsplit(to.path)
        path, query = address.path.removeprefix("/realm"), _flat(address.query)
        self.asked.append((path, query | form))
        if fault := self.fault.get(path):
            return self._fail(to, fault)
        if path == "/.well-known/openid-configuration":
            return _json(to, self._metadata())
        if path == "/keys":
            return _json(to, {"keys": [self.key.as_dict(private=False, **self.published)]})
        if path == "/authorize":
            return self._page(to, query)
        if path == "/decide":
            return self._decided(to, form)
        if path == "/token":
            return self._token(to, form)
        return _send(to, 404, b"", "text/plain")

    def _metadata(self) -> dict[str, Any]:
        read: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self.metadata_edit(read)
        return read

    def _page(self, to: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        """One button for each person, and one that says no."""
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in query.items()
        )
        buttons = "".join(
            f'<button name="who" value="{who}">{who}</button>' for who in [*self.people, "nobody"]
        )
        page = f'<!doctype html><title>Provider</title><form method="post" action="decide">{hidden}{buttons}</form>'
        _send(to, 200, page.encode(), "text/html; charset=utf-8")

    def _decided(self, to: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        to.send_response(302)
        to.send_header("Location", self.decide(form["who"], form))
        to.send_header("Content-Length", "0")
        to.end_headers()

    def decide(self, who: str, asked: dict[str, str]) -> str:
        """Where the browser goes after the person has decided. asked: the query of the authorization request."""
        if who == "nobody":
            said = {"error": "access_denied", "error_description": "<b>no</b>", "state": asked["state"]}
            return f"{asked['redirect_uri']}?{urlencode(said)}"
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"who": who, **asked}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def _token(self, to: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        asked = self.codes.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or to.headers.get("Authorization") != basic
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != proof.rstrip(b"=").decode()
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return _json(to, {"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "auth_time": now, **self.people[asked["who"]],
        }  # fmt: skip
        self.edit(claims)
        return _json(to, {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)})

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def _fail(self, to: BaseHTTPRequestHandler, fault: str) -> None:
        with contextlib.suppress(OSError):
            if fault == "stall":
                self.ending.wait(30)
            elif fault == "500":
                _send(to, 500, b"<h1>oops</h1>", "text/html")
            elif fault == "garbage":
                _send(to, 200, b"\xff\xfe not json" + b"[" * 90_000, "application/json")
            elif fault == "list":
                _send(to, 200, b"[1, 2]", "application/json")
            elif fault == "redirect":
                to.send_response(302)
                to.send_header("Location", f"{self.issuer}/elsewhere")
                to.send_header("Content-Length", "0")
                to.end_headers()
            elif fault == "packed":
                to.send_response(200)
                to.send_header("Content-Encoding", "gzip")
                to.end_headers()
                to.wfile.write(b"\x1f\x8b" + b"0" * 100)
            elif fault == "huge":
                to.send_response(200)
                to.end_headers()
                for _ in range(100):
                    to.wfile.write(b'{"a": "' + b"x" * 100_000)
            elif fault == "drip":
                to.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                for _ in range(100):
                    if self.ending.wait(0.3):
                        return
                    to.wfile.write(b"x")
                    to.wfile.flush()


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}


def _json(to: BaseHTTPRequestHandler, read: dict[str, Any], status: int = 200) -> None:
    _send(to, status, json.dumps(read).encode(), "application/json")


def _send(to: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    to.send_response(status)
    to.send_header("Content-Type", kind)
    to.send_header("Content-Length", str(len(body)))
    to.end_headers()
    to.wfile.write(body)


@contextlib.contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(
        target=provider.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield provider
    finally:
        provider.ending.set()
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()


def query_of(address: str) -> dict[str, str]:
    return _flat(urlsplit(address).query)
