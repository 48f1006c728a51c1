"""The demo's mailbox: what was sent, to whom, with links that work wherever the visitor stands."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from pytest_django import Settings

from klisza.operations.demo import mailbox, people


@pytest.fixture
def outbox(tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_DIR = tmp_path
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    for folder in ("mail", "sms"):
        (tmp_path / "outbox" / folder).mkdir(parents=True)
    return tmp_path / "outbox"


def _mail(outbox: Path, name: str, text: str) -> None:
    message = EmailMessage()
    message["To"], message["Subject"] = "anna@poczta.example", "Zażółć"
    message.set_content(text)
    (outbox / "mail" / name).write_bytes(message.as_bytes())


class TestMailbox:
    def test_a_mail_is_read_as_text(self, outbox: Path) -> None:
        _mail(outbox, "1.eml", "Gęślą jaźń")
        (found,) = mailbox.mails()
        assert (found.to, found.subject, found.text) == ("anna@poczta.example", "Zażółć", "Gęślą jaźń")

    def test_the_newest_comes_first(self, outbox: Path) -> None:
        _mail(outbox, "1.eml", "older")
        _mail(outbox, "2.eml", "newer")
        import os

        os.utime(outbox / "mail" / "1.eml", (1, 1))
        assert [mail.text for mail in mailbox.mails()] == ["newer", "older"]

    def test_a_text_message_is_read(self, outbox: Path) -> None:
        body = {"to": "+48600100101", "text": "0042", "at": "2026-11-23T06:00:00Z"}
        (outbox / "sms" / "1.json").write_text(json.dumps(body))
        (found,) = mailbox.text_messages()
        assert (found.to, found.text) == ("+48600100101", "0042")


class TestLinksInMails:
    def test_our_own_address_loses_its_host(self, outbox: Path) -> None:
        html = mailbox.with_links("Tu: http://127.0.0.1:8000/login/.")
        assert html == 'Tu: <a href="/login/">http://127.0.0.1:8000/login/</a>.'

    def test_other_addresses_stay_text(self, outbox: Path) -> None:
        assert "<a" not in mailbox.with_links("https://evil.example/")

    def test_markup_is_escaped(self, outbox: Path) -> None:
        html = mailbox.with_links('<script>alert(1)</script> http://127.0.0.1:8000/"><b>')
        assert "<script" not in html
        assert "<b>" not in html


class TestPeople:
    def test_contacts_are_fictitious(self) -> None:
        for row in people.patients():
            assert row["email"] == "" or row["email"].endswith(".example")
            assert row["mobile"].startswith(("+48600100", "+3805000000", "+380500000"))

    def test_every_report_and_study_is_there(self) -> None:
        for row in people.patients():
            for examination in row["examinations"]:
                number = examination["accession_number"].replace("/", "-")
                assert ("report" in examination) == (people.DATA / "reports" / f"{number}.pdf").exists()
                folder = people.DATA / "images" / examination["folder"]
                assert not examination["folder"] or list(folder.glob("*.dcm"))

    def test_the_data_stay_small(self) -> None:
        size = sum(path.stat().st_size for path in people.DATA.rglob("*") if path.is_file())
        assert size <= 25_000_000
