"""Headers of static files: the policy on a worker script's own response governs the worker (viewer.md 1)."""

from __future__ import annotations

from wsgiref.headers import Headers

STATIC_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' data: blob:"
)


def add_static_headers(headers: Headers, path: str, url: str) -> None:
    headers["Content-Security-Policy"] = STATIC_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "no-referrer"
