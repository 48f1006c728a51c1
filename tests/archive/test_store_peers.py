from __future__ import annotations

import pytest

from klisza.archive import services
from klisza.archive.errors import NoSuchPeer, PeerExists
from klisza.archive.models import RefusedAssociation
from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.base.errors import Refused

pytestmark = pytest.mark.django_db


def _add(name: str = "pacs", **changes: str) -> None:
    services.add_peer(**{"name": name, "ae_title": "PACS", "address": "10.1.2.3", "by": SYSTEM, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "caller", "found"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("10.1.2.0/24", "10.1.2.77", True),
        ("10.1.2.77/24", "10.1.2.1", True),
        ("fd00::/64", "fd00::1", True),
        ("10.1.2.0/24", "fd00::1", False),
        ("10.1.2.3", "::ffff:10.1.2.3", True),
    ],
)
def test_a_peer_is_title_and_address(address: str, caller: str, found: bool) -> None:
    _add(address=address)

    assert bool(services.find_peer(ae_title="PACS", address=caller)) is found
    assert services.find_peer(ae_title="OTHER", address=caller) is None


def test_the_narrowest_network_counts() -> None:
    _add("site", address="10.0.0.0/8", issuer="SITE")
    _add("pacs", address="10.1.2.3", issuer="PACS")

    peer = services.find_peer(ae_title="PACS", address="10.1.2.3")

    assert peer is not None
    assert peer.issuer == "PACS"


@pytest.mark.parametrize("changes", [{"address": "pacs.example"}, {"ae_title": ""}, {"ae_title": "A" * 17}])
def test_malformed_peers_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Refused):
        _add(**changes)


def test_names_are_unique() -> None:
    _add()

    with pytest.raises(PeerExists):
        _add()


def test_a_removed_peer_is_gone() -> None:
    _add()
    services.remove_peer(name="pacs", by=SYSTEM)

    assert services.peers() == []
    with pytest.raises(NoSuchPeer):
        services.remove_peer(name="pacs", by=SYSTEM)


def test_a_refusal_is_recorded_and_audited() -> None:
    services.record_refusal(
        calling_ae_title="X\n", called_ae_title="KLISZA", address="10.0.0.1", reason="unknown"
    )

    assert RefusedAssociation.objects.get().calling_ae_title == "X"
    assert AuditEvent.objects.get(action="association.refused").source_ip == "10.0.0.1"


@pytest.mark.parametrize("charset", ["ISO_IR 101", "\\ISO 2022 IR 101", "windows-1250", ""])
def test_a_character_set_must_be_known(charset: str) -> None:
    _add(charset=charset)

    with pytest.raises(Refused, match="character set"):
        _add("other", charset="latin-seventeen")


def test_titles_of_reports_are_kept() -> None:
    """None = all, [] = none (hospital-integration.md 1.6)."""
    for name, titles in (("all", None), ("none", []), ("some", ["18748-4", " Wynik "])):
        services.add_peer(name=name, ae_title="PACS", address="10.1.2.3", by=SYSTEM, report_titles=titles)

    assert {peer.name: peer.report_titles for peer in services.peers()} == {
        "all": None, "none": [], "some": ["18748-4", "Wynik"],
    }  # fmt: skip
