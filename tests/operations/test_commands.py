from __future__ import annotations

import json
from pathlib import Path

from tests.portal import Portal, free_port


class TestHelp:
    def test_our_commands_come_first(self, portal: Portal) -> None:
        lines = portal.klisza("--help").stdout.splitlines()
        ours = [line.split()[0] for line in lines if line.startswith("  ")]
        assert {"up", "web", "worker", "dicom", "doctor", "staff", "audit"} <= set(ours)
        assert lines[-1].startswith("Of Django: ")


class TestDoctor:
    def test_all_is_well(self, portal: Portal) -> None:
        done = portal.klisza("doctor")
        assert "FAULT" not in done.stdout
        assert len(done.stdout.splitlines()) == 13

    def test_mail_server_away_is_a_fault(self, portal: Portal) -> None:
        settings = portal.environment | {"KLISZA_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}
        done = portal.klisza("doctor", check=False, env=settings)
        assert done.returncode == 1
        assert "FAULT  mail" in done.stdout

    def test_missing_migrations_are_a_fault(self, portal: Portal, tmp_path: Path) -> None:
        done = portal.klisza(
            "doctor", check=False, env=portal.environment | {"KLISZA_DATA_DIR": str(tmp_path)}
        )
        assert done.returncode == 1
        assert "run klisza migrate" in done.stdout

    def test_storage_that_is_a_file_is_a_fault(self, portal: Portal, tmp_path: Path) -> None:
        (tmp_path / "blobs").write_text("")
        settings = portal.environment | {"KLISZA_STORAGE_URL": f"file://{tmp_path}/blobs"}
        done = portal.klisza("doctor", check=False, env=settings)
        assert "FAULT  storage" in done.stdout


class TestStaff:
    def test_password_is_printed_once(self, portal: Portal) -> None:
        done = portal.klisza("staff", "create", "desk-one", "--role", "registration", "clinic")
        assert "Temporary password: " in done.stdout
        again = portal.klisza("staff", "create", "desk-one", "--role", "registration", check=False)
        assert again.returncode != 0
        assert "password:" not in again.stdout

    def test_unknown_role_is_refused(self, portal: Portal) -> None:
        assert portal.klisza("staff", "create", "desk-two", "--role", "king", check=False).returncode != 0


def test_audit_verifies(portal: Portal) -> None:
    assert portal.klisza("audit", "verify").stdout.startswith("ok: ")


def test_every_line_of_the_log_is_one_record(portal: Portal) -> None:
    """R37: what is no announcement of `up` is JSON."""
    portal.get('/login/?next=%0A{"level":"error"}')
    for line in portal.log.read_text("utf-8").splitlines():
        if line.startswith("{"):
            json.loads(line)
        else:
            assert line == "" or line.startswith(("Portal Pacjenta:", "Staff:", "Ctrl-C"))
