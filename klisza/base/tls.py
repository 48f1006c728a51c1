"""Certificates that this machine trusts, for calls to others."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def context() -> ssl.SSLContext:
    """Read once: each reading takes 30 ms of a processor."""
    return httpx.create_ssl_context()
