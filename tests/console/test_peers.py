"""Senders of messages and images."""

from __future__ import annotations

import pytest
from django.test import Client

from klisza.archive.models import Peer
from klisza.archive.services import authorization_of
from klisza.gateways.models import Hl7Peer

from .desk import a_message, allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db

HL7 = {"name": "his", "address": "10.1.2.0/24", "charset": "CP1250", "frame_mb": "64", "is_quiet": "on"}
DICOM = {"name": "pacs", "ae_title": "PACS", "address": "127.0.0.1", "port": "4242"}


@pytest.fixture
def engineer() -> Client:
    return signed_in("integration")


class TestSendersOfMessages:
    def test_are_added_and_removed(self, engineer: Client) -> None:
        assert engineer.post("/staff/peers/hl7/", HL7).status_code == 302
        peer = Hl7Peer.objects.get()
        assert (peer.name, peer.address, peer.charset, peer.is_quiet) == (
            "his",
            "10.1.2.0/24",
            "CP1250",
            True,
        )
        engineer.post(f"/staff/peers/hl7/{peer.pk}/remove/")
        assert not Hl7Peer.objects.exists()
        assert (audited("peer.added"), audited("peer.removed")) == (1, 1)

    @pytest.mark.parametrize("wrong", [{"address": "somewhere"}, {"charset": "EBCDIC"}, {"frame_mb": "0"}])
    def test_wrong_entries_stay_out(self, engineer: Client, wrong: dict[str, str]) -> None:
        assert engineer.post("/staff/peers/hl7/", HL7 | wrong).status_code == 400
        assert not Hl7Peer.objects.exists()

    def test_a_name_is_used_once(self, engineer: Client) -> None:
        engineer.post("/staff/peers/hl7/", HL7)
        answer = engineer.post("/staff/peers/hl7/", HL7)
        assert "There is an entry with this name already." in answer.content.decode()

    def test_show_when_they_were_heard(self, engineer: Client) -> None:
        engineer.post("/staff/peers/hl7/", HL7)
        row = a_message(peer=Hl7Peer.objects.get())
        assert f"{row.received_at.astimezone():%d.%m.%Y}" in page(engineer, "/staff/peers/")


class TestSendersOfImages:
    def test_are_added_and_removed(self, engineer: Client) -> None:
        assert engineer.post("/staff/peers/dicom/", DICOM).status_code == 302
        peer = Peer.objects.get()
        engineer.post(f"/staff/peers/dicom/{peer.pk}/remove/")
        assert not Peer.objects.exists()

    def test_wrong_entries_stay_out(self, engineer: Client) -> None:
        assert engineer.post("/staff/peers/dicom/", DICOM | {"ae_title": "a\\b"}).status_code == 400

    def test_echo_says_why_it_failed(self, engineer: Client) -> None:
        engineer.post("/staff/peers/dicom/", DICOM | {"port": "1"})
        peer = Peer.objects.get()
        answer = engineer.post(f"/staff/peers/dicom/{peer.pk}/echo/", follow=True)
        assert "Nobody answers at this address and port" in answer.content.decode()
        assert audited("peer.echoed") == 1


def test_who_may() -> None:
    """R14"""
    assert allowed("/staff/peers/") == ["integration", "admin"]
    for path in (
        "peers/hl7/",
        "peers/dicom/",
        "peers/hl7/1/remove/",
        "peers/dicom/1/remove/",
        "peers/dicom/1/echo/",
    ):
        assert signed_in("registration").post(f"/staff/{path}").status_code == 403
        assert signed_in("integration").get(f"/staff/{path}").status_code == 405


class TestCredentials:
    def test_are_entered_and_never_shown(self, engineer: Client) -> None:
        given = DICOM | {
            "stow_url": "https://pacs.example/web",
            "stow_user": "portal",
            "stow_secret": "geheim",
        }
        assert engineer.post("/staff/peers/dicom/", given).status_code == 302
        assert authorization_of(Peer.objects.get()).startswith("Basic ")
        assert "geheim" not in page(engineer, "/staff/peers/")

    def test_a_wrong_form_comes_back_without_the_secret(self, engineer: Client) -> None:
        for wrong in ({"stow_user": "portal"}, {"stow_secret": "geheim"}):
            answer = engineer.post("/staff/peers/dicom/", DICOM | {"name": "x"} | wrong)
            assert answer.status_code == 400
            assert "geheim" not in answer.content.decode()
        assert not Peer.objects.exists()
