"""Mail against a real SMTP server on loopback (L9), and what a mail looks like (R34, R65)."""

from __future__ import annotations

import email
import email.policy
import threading
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.base.errors import DeliveryFailed, Refused
from klisza.notifications import jobs, letters, mime, services
from klisza.notifications.models import Message
from klisza.notifications.transports import mail_smtp
from tests.portal import free_port, running

State = Message.State
SHELL = (
    "from klisza.notifications import services\n"
    "services.enqueue_mail(to='a@b.pl', language='pl', template='notifications/footer', context={}, kind='x')"
)


class Sink:
    """Collects mails. answers: what DATA says next instead of 250; refuse: recipient -> answer to RCPT."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.refuse: dict[str, str] = {}
        self.mails: list[bytes] = []
        self.accepted = threading.Event()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # fmt: skip  # noqa: E501
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            answer = self.answers.pop(0)
            if answer == "drop":
                assert server.transport is not None
                server.transport.abort()
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(content)
        self.accepted.set()
        return "250 OK"

    def parsed(self) -> list[EmailMessage]:
        return [email.message_from_bytes(mail, policy=email.policy.default) for mail in self.mails]  # type: ignore[misc]


@pytest.fixture
def sink(settings: SettingsWrapper) -> Iterator[Sink]:
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.SMTP_URL = f"smtp://127.0.0.1:{controller.port}"
    yield sink
    controller.stop()


def mail(to: str = "anna@example.org") -> Message:
    return services.enqueue_mail(
        to=to, language="pl", template="notifications/footer", context={}, kind="notice"
    )


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def due_now() -> None:
    Message.objects.update(due_at="2020-01-01T00:00:00Z")


@pytest.mark.django_db
class TestSmtp:
    def test_mail_arrives_once(self, sink: Sink) -> None:
        message = mail()
        assert jobs.run_mail() == 1
        assert jobs.run_mail() == 0
        assert state(message) == State.SENT
        assert [str(one["To"]) for one in sink.parsed()] == ["anna@example.org"]

    @pytest.mark.parametrize("answer", ["451 try later", "drop"])
    def test_temporary_fault_loses_nothing(self, sink: Sink, answer: str) -> None:
        sink.answers = [answer]
        message = mail()
        jobs.run_mail()
        assert state(message) == State.WAITING
        due_now()
        jobs.run_mail()
        assert state(message) == State.SENT
        assert len(sink.mails) == 1

    def test_permanent_refusal_is_not_repeated(self, sink: Sink) -> None:
        sink.answers = ["554 no"]
        message = mail()
        jobs.run_mail()
        assert state(message) == State.FAILED
        assert message.fault == "smtp 554 content"

    def test_wrong_recipient_does_not_stop_others(self, sink: Sink) -> None:
        sink.refuse = {"nobody@example.org": "550 no such user"}
        bad, good = mail("nobody@example.org"), mail()
        jobs.run_mail()
        jobs.run_mail()
        assert (state(bad), state(good)) == (State.FAILED, State.SENT)

    def test_fault_names_no_address(self, sink: Sink) -> None:
        sink.refuse = {"nobody@example.org": "450 <nobody@example.org> mailbox busy"}
        message = mail("nobody@example.org")
        jobs.run_mail()
        assert state(message) == State.WAITING
        assert message.fault == "smtp 450 recipient"

    def test_server_away_is_temporary(self, settings: SettingsWrapper) -> None:
        settings.SMTP_URL = f"smtp://127.0.0.1:{free_port()}"
        message = mail()
        jobs.run_mail()
        assert state(message) == State.WAITING

    def test_silent_server_is_left(self, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
        import socket

        monkeypatch.setattr(mail_smtp, "REPLY_SECONDS", 0.5)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            settings.SMTP_URL = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
            message = mail()
            jobs.run_mail()
        assert state(message) == State.WAITING

    def test_password_never_travels_in_clear(self, settings: SettingsWrapper, sink: Sink) -> None:
        settings.SMTP_URL = settings.SMTP_URL.replace("smtp://", "smtp://user:pass@").replace(
            "127.0.0.1", "127.0.0.2"
        )
        built = mime.build(mail().id, {"to": "a@b.pl", "subject": "s", "text": "t", "html": "h", "language": "pl"}, mail().created_at)  # fmt: skip  # noqa: E501
        with pytest.raises(DeliveryFailed):
            mail_smtp.send(built, key="k")

    def test_crash_after_acceptance_makes_one_copy(self, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
        """L9: the server has it, we died before noting it; the second copy carries the same Message-ID."""
        mail()
        with monkeypatch.context() as patch:
            patch.setattr(services, "sent", lambda claimed: (_ for _ in ()).throw(SystemExit))
            with pytest.raises(SystemExit):
                jobs.run_mail()
        Message.objects.update(leased_until="2020-01-01T00:00:00Z")
        jobs.run_mail()
        jobs.run_mail()
        assert Counter(one["Message-ID"] for one in sink.parsed()).most_common(1)[0][1] == 2


class TestKilledWorker:
    def test_nothing_missing_and_one_copy_at_most(self, tmp_path: Path) -> None:
        """L9: kill -9 of everything at the moment of acceptance, then a new start."""
        sink = Sink()
        controller = Controller(sink, hostname="127.0.0.1", port=free_port())
        controller.start()
        try:
            with running(tmp_path, KLISZA_SMTP_URL=f"smtp://127.0.0.1:{controller.port}") as portal:
                portal.klisza("shell", "-v0", "-c", SHELL)
                assert sink.accepted.wait(30)
                portal.kill()
                portal.klisza("shell", "-v0", "-c", "from klisza.notifications.models import Message\n"
                              "Message.objects.update(leased_until='2020-01-01T00:00:00Z')")  # fmt: skip
                portal.start()
                portal.wait_for(lambda: 'klisza_queue_length{queue="mail_waiting"} 0.0' in portal.get(
                    "/metrics", base=portal.metrics_url)[1], what="an empty queue")  # fmt: skip
        finally:
            controller.stop()
        assert 1 <= len(sink.mails) <= 2
        assert len({one["Message-ID"] for one in sink.parsed()}) == 1


@pytest.mark.django_db
class TestHeaders:
    @pytest.mark.parametrize(
        "to", ["a@b.pl\nBcc: c@d.pl", "a@b.pl,c@d.pl", "a@b.pl\r\n\r\ntext", "Anna <a@b.pl>", ""]
    )
    def test_only_one_plain_address_is_taken(self, to: str) -> None:
        """R34"""
        with pytest.raises(Refused):
            mail(to)

    def test_subject_cannot_start_a_header(self) -> None:
        letter = letters.compose(subject="Wynik\r\nBcc: c@d.pl", text="x", language="pl")
        assert letter.subject == "Wynik Bcc: c@d.pl"

    def test_machines_are_told_not_to_answer(self, sink: Sink) -> None:
        mail()
        jobs.run_mail()
        arrived = sink.parsed()[0]
        assert arrived["Auto-Submitted"] == "auto-generated"
        assert str(arrived["From"]) == "Portal Pacjenta <pomoc@szpital.example>"
        assert {part.get_content_type() for part in arrived.iter_parts()} == {"text/plain", "text/html"}


class TestLetters:
    def test_only_our_own_address_becomes_a_link(self, settings: SettingsWrapper) -> None:
        settings.PUBLIC_URL = "https://portal.example"
        text = "Go to https://portal.example/login/reset/abc/\nnot https://evil.example/ nor https://portal.example.evil/x"
        html = letters.compose(subject="s", text=text, language="pl").html
        assert html.count("<a href=") == 1
        assert '<a href="https://portal.example/login/reset/abc/">' in html

    def test_a_password_stays_on_one_line(self) -> None:
        letter = letters.compose(subject="s", text="Hasło tymczasowe: 7NYP-7RK8-KJ7T-5F97", language="pl")
        assert '<span style="white-space:nowrap">7NYP-7RK8-KJ7T-5F97</span>' in letter.html
        assert "Hasło tymczasowe: 7NYP-7RK8-KJ7T-5F97" in letter.text

    def test_markup_in_text_stays_text(self) -> None:
        html = letters.compose(subject="<b>s</b>", text="<script>alert(1)</script>", language="pl").html
        assert "<script" not in html
        assert "<b>s" not in html

    def test_footer_names_portal_and_support(self) -> None:
        letter = letters.compose(subject="s", text="t", language="pl")
        for part in (letter.text, letter.html):
            assert "Portal Pacjenta" in part
            assert "+48 22 000 00 00" in part
            assert "pomoc@szpital.example" in part
