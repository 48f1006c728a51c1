"""S24: what comes back reaches staff; what a stranger puts into the folder does no harm."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.examinations import jobs as examinations
from klisza.notifications import bounces, dsn, jobs, services
from klisza.notifications.models import Message
from klisza.patients.models import DeskTask, Patient
from tests.examinations.given import a_patient
from tests.portal import free_port

from .test_mail import Sink, mail

pytestmark = pytest.mark.django_db
ANYBODY = uuid.UUID("01a20000-0000-7000-8000-000000000000")


@pytest.fixture
def folder(settings: SettingsWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DSN_DIR = str(tmp_path)
    monkeypatch.setattr(bounces, "STILL_WRITTEN_SECONDS", 0.0)
    return tmp_path


def notification(
    message_id: object,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    returned: str = "text/rfc822-headers",
) -> bytes:
    """As Postfix writes it; the returned mail is whole, or its header only."""
    head = "" if returned == "text/rfc822-headers" else "From: portal@szpital.example\r\n"
    return (
        "Return-Path: <>\r\n"
        "From: MAILER-DAEMON@mx.example (Mail Delivery System)\r\n"
        "To: portal@szpital.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you ...\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; anna@example.org\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--B\r\nContent-Type: {returned}\r\n\r\n"
        f"{head}Message-ID: <{message_id}@szpital.example>\r\nSubject: Portal\r\n\r\n"
        "--B--\r\n"
    ).encode()


def put(folder: Path, content: bytes, name: str = "1700000000.M1.mx") -> None:
    (folder / name).write_bytes(content)


def names(folder: Path, *parts: str) -> int:
    place = folder.joinpath(*parts)
    return len([one for one in place.iterdir() if one.is_file()]) if place.exists() else 0


class TestNotifications:
    @pytest.mark.parametrize("returned", ["text/rfc822-headers", "message/rfc822"])
    def test_a_returned_mail_is_marked_once(self, folder: Path, returned: str) -> None:
        message = mail()
        for number in range(2):
            put(folder, notification(message.pk, returned=returned), f"{number}")
        assert (jobs.run_bounces(), jobs.run_bounces()) == (2, 0)
        message.refresh_from_db()
        assert message.bounced_at is not None
        assert message.bounce_status == "5.1.1"
        assert (names(folder), names(folder, "done")) == (0, 2)

    def test_our_name_for_the_envelope_is_enough(self, folder: Path) -> None:
        """RFC 3461: servers that return nothing of the mail say at least what we called it."""
        message = mail()
        raw = notification("unknown").replace(
            b"Reporting-MTA: dns; mx.example\r\n",
            f"Reporting-MTA: dns; mx.example\r\nOriginal-Envelope-Id: {message.pk}\r\n".encode(),
        )
        put(folder, raw)
        jobs.run_bounces()
        assert Message.objects.filter(bounced_at__isnull=False).count() == 1

    def test_a_delay_is_no_bounce(self, folder: Path) -> None:
        message = mail()
        put(folder, notification(message.pk, action="delayed", status="4.4.1"))
        jobs.run_bounces()
        message.refresh_from_db()
        assert message.bounced_at is None
        assert names(folder, "done") == 1

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x00" * 1000,
            b"Subject: Urlop\r\n\r\nWracam w maju.",
            notification(ANYBODY),
            notification("../../etc/passwd"),
            notification(ANYBODY).replace(b"delivery-status", b"disposition-notification"),
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n" * 500,
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B--",
            notification(ANYBODY)[:600],
            b"Content-Type: message/rfc822\r\n\r\n" * 2000,
            b"\xff\xfe" + notification(ANYBODY) + b"\xff" * 100,
        ],
    )
    def test_hostile_and_foreign_files_do_nothing(self, folder: Path, content: bytes) -> None:
        message = mail()
        put(folder, content)
        assert jobs.run_bounces() == 1
        assert (names(folder), names(folder, "unreadable")) == (0, 1)
        message.refresh_from_db()
        assert message.bounced_at is None

    def test_too_large_is_not_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounces, "SIZE_MOST", 1000)
        message = mail()
        put(folder, notification(message.pk) + b"x" * 1000)
        jobs.run_bounces()
        assert names(folder, "unreadable") == 1

    def test_links_folders_and_dot_files_stay(
        self, folder: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("else") / "secret"
        elsewhere.write_bytes(notification(mail().pk))
        (folder / "link").symlink_to(elsewhere)
        (folder / "cur").mkdir()
        put(folder, b"half", ".hidden")
        assert jobs.run_bounces() == 0
        assert elsewhere.exists()

    def test_a_file_being_written_waits(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounces, "STILL_WRITTEN_SECONDS", 60.0)
        put(folder, notification(mail().pk))
        assert jobs.run_bounces() == 0

    def test_some_at_a_time(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounces, "FILES_A_RUN", 2)
        for number in range(5):
            put(folder, b"x", str(number))
        assert [jobs.run_bounces() for _ in range(4)] == [2, 2, 1, 0]

    def test_what_was_put_aside_is_forgotten(self, folder: Path) -> None:
        """R70: a returned mail may hold a temporary password."""
        put(folder, notification(mail().pk))
        jobs.run_bounces()
        assert jobs.run_forget_bounces() == 0
        kept = next((folder / "done").iterdir())
        os.utime(kept, (0, 0))
        assert (jobs.run_forget_bounces(), names(folder, "done")) == (1, 0)

    def test_without_a_folder_nothing_happens(self, settings: SettingsWrapper) -> None:
        settings.DSN_DIR = ""
        assert (jobs.run_bounces(), jobs.run_forget_bounces()) == (0, 0)

    def test_nothing_is_taken_from_the_text(self) -> None:
        """Only the parts of the standard count, whatever a person wrote above them."""
        raw = notification(ANYBODY).replace(b"I'm sorry", f"<{uuid.uuid4()}@szpital.example>".encode())
        assert dsn.parse(raw).message_ids == (ANYBODY,)


@pytest.fixture
def sink(settings: SettingsWrapper) -> Iterator[Sink]:
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.SMTP_URL = f"smtp://127.0.0.1:{controller.port}"
    yield sink
    controller.stop()


class TestRefusedRecipient:
    @pytest.mark.parametrize(
        ("reply", "status"), [("550 5.1.1 no such user", "5.1.1"), ("550 no such user", "550")]
    )
    def test_a_refusal_is_a_bounce(self, sink: Sink, reply: str, status: str) -> None:
        sink.refuse = {"nobody@example.org": reply}
        message = mail("nobody@example.org")
        jobs.run_mail()
        message.refresh_from_db()
        assert (message.state, message.bounce_status) == (Message.State.FAILED, status)
        assert message.bounced_at is not None

    @pytest.mark.parametrize("reply", ["450 4.2.2 mailbox full", "451 later"])
    def test_a_full_mailbox_is_not(self, sink: Sink, reply: str) -> None:
        sink.refuse = {"anna@example.org": reply}
        message = mail()
        jobs.run_mail()
        message.refresh_from_db()
        assert (message.state, message.bounced_at) == (Message.State.WAITING, None)

    def test_refused_content_says_nothing_of_the_address(self, sink: Sink) -> None:
        sink.answers = ["554 5.7.1 looks like spam"]
        message = mail()
        jobs.run_mail()
        message.refresh_from_db()
        assert (message.state, message.bounced_at) == (Message.State.FAILED, None)


class TestTheDesk:
    def bounced(self, patient: Patient, kind: str) -> Message:
        message = services.enqueue_mail(
            to="a@example.org", language="pl", template="notifications/footer", context={}, kind=kind,
            account_id=patient.account_id,
        )  # fmt: skip
        services.bounced(message_id=message.pk, status="5.1.1")
        return message

    @pytest.mark.parametrize("kind", ["notice", "account", "reset"])
    def test_one_task_for_the_patient(self, kind: str) -> None:
        patient = a_patient()
        for _ in range(2):
            self.bounced(patient, kind)
        assert (examinations.run_bounces(), examinations.run_bounces()) == (2, 0)
        task = DeskTask.objects.get()
        assert (task.kind, task.patient) == ("mail_bounced", patient)

    def test_the_task_goes_to_who_speaks_for_the_record(self) -> None:
        patient, survivor = a_patient(), a_patient(account=False)
        Patient.objects.filter(pk=patient.pk).update(survivor=survivor)
        self.bounced(patient, "notice")
        examinations.run_bounces()
        assert DeskTask.objects.get().patient == survivor

    def test_staff_mail_makes_no_task(self) -> None:
        message = mail()
        services.bounced(message_id=message.pk, status="5.1.1")
        assert examinations.run_bounces() == 1
        assert not DeskTask.objects.exists()
