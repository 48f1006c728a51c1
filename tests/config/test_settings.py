"""R01: a wrong setting stops `klisza` and is named; its value is not printed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.portal import KLISZA

WELL = {"KLISZA_SUPPORT_EMAIL": "pomoc@szpital.example"}


def start(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`klisza diffsettings`: reads all settings and does nothing else."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KLISZA_")}
    environment |= {"KLISZA_DATA_DIR": str(folder)} | settings
    return subprocess.run(
        [KLISZA, "diffsettings", "--all"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
    )


WRONG = {
    "KLISZA_SECRET_KEY": "too-short",
    "KLISZA_PUBLIC_URL": "http://portal.example",
    "KLISZA_DATABASE_URL": "mysql://root@localhost/x",
    "KLISZA_STORAGE_URL": "s3://bucket",
    "KLISZA_WEB_BIND": "8000",
    "KLISZA_STAFF_BIND": "127.0.0.1:http",
    "KLISZA_METRICS_BIND": "127.0.0.1:99999",
    "KLISZA_DICOM_BIND": "11112",
    "KLISZA_TRUSTED_PROXIES": "my-proxy",
    "KLISZA_PROFILE": "lax",
    "KLISZA_OTP_DIGITS": "3",
    "KLISZA_SOURCE_FAILURES": "0",
    "KLISZA_SOURCE_NAMES": "many",
    "KLISZA_CODES_PER_SOURCE_HOUR": "-1",
    "KLISZA_TIME_ZONE": "Mars/Olympus",
    "KLISZA_SHOW_FROM": "1.5.2021",
    "KLISZA_QUIET_HOURS": "21",
    "KLISZA_NOTICE_WINDOW_MINUTES": "1441",
    "KLISZA_SETTLE_SECONDS": "0",
    "KLISZA_SETTLE_SECONDS_LONG": "x",
    "KLISZA_AE_TITLE": "THIS_TITLE_IS_TOO_LONG",
    "KLISZA_MAX_INSTANCE_MB": "0",
    "KLISZA_SMTP_URL": "sendmail:",
    "KLISZA_SMS_URL": "webhook+http://sms.example/",
    "KLISZA_DEMO": "yes",
    "KLISZA_SUPORT_EMAIL": "misspelt@szpital.example",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_wrong_value_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    done = start(tmp_path, **WELL, **{name: value})
    assert done.returncode != 0
    assert done.stderr.startswith(f"klisza: {name}:"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert value in ("8000", "0", "3", "21", "x", "yes") or value not in done.stderr


def test_support_contact_is_required(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert done.returncode != 0
    assert "KLISZA_SUPPORT_EMAIL" in done.stderr


def test_open_dicom_port_only_on_loopback(tmp_path: Path) -> None:
    done = start(tmp_path, **WELL, KLISZA_DICOM_OPEN="1", KLISZA_DICOM_BIND="0.0.0.0:11112")
    assert done.returncode != 0
    assert done.stderr.startswith("klisza: KLISZA_DICOM_OPEN:")


def test_secret_key_is_required_beyond_the_embedded_database(tmp_path: Path) -> None:
    done = start(tmp_path, **WELL, KLISZA_DATABASE_URL="postgresql://u:p@localhost/x")
    assert done.stderr.startswith("klisza: KLISZA_SECRET_KEY:")


STAFF_OIDC = {
    "KLISZA_STAFF_OIDC_ISSUER": "https://idp.szpital.example/realms/staff",
    "KLISZA_STAFF_OIDC_CLIENT_ID": "klisza",
    "KLISZA_STAFF_OIDC_CLIENT_SECRET": "s",
    "KLISZA_STAFF_OIDC_ROLES": "CN=rtg,OU=grupy=radiology; /desk=registration",
}
PATIENT_OIDC = {
    "KLISZA_PATIENT_OIDC_ISSUER": "https://broker.example",
    "KLISZA_PATIENT_OIDC_CLIENT_ID": "klisza",
    "KLISZA_PATIENT_OIDC_CLIENT_SECRET": "s",
    "KLISZA_PATIENT_OIDC_ACR": "substantial high",
    "KLISZA_PATIENT_OIDC_LABEL": "Broker",
}


class TestProviders:
    def test_complete_ones_are_accepted(self, tmp_path: Path) -> None:
        done = start(tmp_path, **WELL, **STAFF_OIDC, **PATIENT_OIDC, KLISZA_STAFF_LOCAL_LOGIN="0")
        assert "PATIENT_OIDC_ACR = ('substantial', 'high')" in done.stdout, done.stderr
        assert "(('CN=rtg,OU=grupy', 'radiology'), ('/desk', 'registration'))" in done.stdout

    @pytest.mark.parametrize("missing", [*list(STAFF_OIDC)[1:], *list(PATIENT_OIDC)[1:]])
    def test_half_a_provider_is_none(self, tmp_path: Path, missing: str) -> None:
        """Without an ACR a broker would prove nothing; without roles nobody could enter."""
        given = {name: value for name, value in (STAFF_OIDC | PATIENT_OIDC).items() if name != missing}
        assert start(tmp_path, **WELL, **given).stderr.startswith(f"klisza: {missing}:")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("KLISZA_STAFF_OIDC_ISSUER", "http://idp.szpital.example"),
            ("KLISZA_STAFF_OIDC_ISSUER", "https://idp.szpital.example/?x=1"),
            ("KLISZA_STAFF_OIDC_ISSUER", "idp.szpital.example"),
            ("KLISZA_STAFF_OIDC_ISSUER", "https://user@idp.szpital.example"),
            ("KLISZA_STAFF_OIDC_ROLES", "desk=boss"),
            ("KLISZA_STAFF_OIDC_ROLES", "=admin"),
            ("KLISZA_STAFF_OIDC_SCOPE", "profile"),
        ],
    )
    def test_wrong_one_stops_the_start(self, tmp_path: Path, name: str, value: str) -> None:
        done = start(tmp_path, **WELL, **(STAFF_OIDC | {name: value}))
        assert done.stderr.startswith(f"klisza: {name}:")

    def test_nobody_is_locked_out_by_settings(self, tmp_path: Path) -> None:
        done = start(tmp_path, **WELL, KLISZA_STAFF_LOCAL_LOGIN="0")
        assert done.stderr.startswith("klisza: KLISZA_STAFF_LOCAL_LOGIN:")


class TestFromFiles:
    def test_value_may_come_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "name").write_text("Portal Szpitala\n")
        done = start(tmp_path, **WELL, KLISZA_PORTAL_NAME_FILE=str(tmp_path / "name"))
        assert done.returncode == 0
        assert "PORTAL_NAME = 'Portal Szpitala'" in done.stdout

    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        done = start(tmp_path, **WELL, KLISZA_PORTAL_NAME_FILE=str(tmp_path / "nothing"))
        assert done.stderr.startswith("klisza: KLISZA_PORTAL_NAME_FILE:")

    def test_both_ways_at_once_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "name").write_text("a")
        done = start(tmp_path, **WELL, KLISZA_PORTAL_NAME="b", KLISZA_PORTAL_NAME_FILE=str(tmp_path / "name"))
        assert done.stderr.startswith("klisza: KLISZA_PORTAL_NAME:")


class TestSecretKey:
    def test_made_once_and_private(self, tmp_path: Path) -> None:
        assert start(tmp_path, **WELL).returncode == 0
        key = tmp_path / "secret_key"
        first = key.read_text()
        assert start(tmp_path, **WELL).returncode == 0
        assert key.read_text() == first
        assert key.stat().st_mode & 0o777 == 0o600
        assert len(first) >= 64


def test_role_decides_how_long_to_wait_for_the_database(tmp_path: Path) -> None:
    """L5: a patient is told to try again after 3 s; machines and jobs wait."""
    assert "'timeout': 3," in start(tmp_path, **WELL, KLISZA_ROLE="web").stdout
    assert "'timeout': 20," in start(tmp_path, **WELL).stdout
