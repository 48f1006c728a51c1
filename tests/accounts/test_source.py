"""Where a request comes from (R39)."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from klisza.accounts import source

FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


def asked(address: str, forwarded: str = "", agent: str = "") -> object:
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=address, HTTP_USER_AGENT=agent, **headers)


@pytest.mark.parametrize(
    ("address", "forwarded", "seen"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.1", "198.51.100.7"),  # a stranger may write what he likes
        ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "203.0.113.1, 10.0.0.2", "203.0.113.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        ("[2001:db8::1]:443", "", "2001:db8::1"),
        ("", "", ""),
    ],
)
def test_rightmost_untrusted_address_counts(address: str, forwarded: str, seen: str) -> None:
    with override_settings(TRUSTED_PROXIES=("10.0.0.0/8",)):
        assert source.client_ip(asked(address, forwarded)) == seen  # type: ignore[arg-type]


def test_ipv6_counts_by_its_network() -> None:
    assert source.network(asked("2001:db8:1:2:3::4")) == "2001:db8:1:2::/64"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("agent", "family"), [(FIREFOX, "Firefox, Android"), (EDGE, "Edge, Windows"), ("", ""), ("x\n{", "")]
)
def test_browser_becomes_a_coarse_word(agent: str, family: str) -> None:
    assert source.client_family(asked("127.0.0.1", agent=agent)) == family  # type: ignore[arg-type]
