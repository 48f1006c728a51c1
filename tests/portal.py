"""A running portal for tests: `klisza up` in a folder and on ports of its own, seen from outside only."""

from __future__ import annotations

import contextlib
import email
import email.policy
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
KLISZA = str(Path(sys.executable).with_name("klisza"))
SHARED_COMMANDS = ("patient", "staff", "shell", "audit")  # they hold nothing between two calls
START_SECONDS = 240  # a busy machine with two cores
# One loop-back address plays every patient: the limits per source would stop the suite, not an attacker.
GENEROUS = {
    "KLISZA_SOURCE_FAILURES": "100000",
    "KLISZA_SOURCE_NAMES": "100000",
    "KLISZA_CODES_PER_SOURCE_HOUR": "100000",
    "KLISZA_CODES_PER_HOUR": "100",
    "KLISZA_CODES_PER_DAY": "1000",
    "KLISZA_CODES_PER_HOUR_ALL": "100000",
    "KLISZA_ALARM_FAILURES": "100000",
    "KLISZA_RESETS_PER_SOURCE_HOUR": "100000",
    "KLISZA_SHARES_OPEN": "1000",
    "KLISZA_SHARES_PER_DAY": "1000",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Portal:
    """`settings`: KLISZA_ variables on top of a demo-like start (open DICOM port, fast settling)."""

    def __init__(self, folder: Path, *, demo_data: bool = False, **settings: str) -> None:
        self.folder = folder
        self.demo_data = demo_data
        self.web, self.staff, self.metrics, self.dicom, self.hl7 = (free_port() for _ in range(5))
        self.url = f"http://127.0.0.1:{self.web}"
        self.staff_url = f"http://127.0.0.1:{self.staff}"
        self.metrics_url = f"http://127.0.0.1:{self.metrics}"
        self.log = folder / "portal.log"
        self.log_begin = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._commands = Commands(self)
        self.environment = _without_klisza() | {
            "KLISZA_DEMO": "1",
            "KLISZA_DATA_DIR": str(folder / "data"),
            "KLISZA_PUBLIC_URL": self.url,
            "KLISZA_WEB_BIND": f"127.0.0.1:{self.web}",
            "KLISZA_STAFF_BIND": f"127.0.0.1:{self.staff}",
            "KLISZA_METRICS_BIND": f"127.0.0.1:{self.metrics}",
            "KLISZA_DICOM_BIND": f"127.0.0.1:{self.dicom}",
            "KLISZA_HL7_BIND": f"127.0.0.1:{self.hl7}",
            "KLISZA_PASSWORD_MEMORY_MB": "19",  # thousands of logins are no test of it
            **GENEROUS,
            **database(),
            **settings,
        }

    def start(self) -> Portal:
        command = [KLISZA, "up", *(["--demo"] if self.demo_data else [])]
        if not self.demo_data:  # that one goes the whole way from an empty folder
            self._begin_with_tables()
        self.log_begin = self.log.stat().st_size if self.log.exists() else 0  # a second start appends
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self.wait_for(
                self._announced,
                seconds=START_SECONDS * (2 if self.demo_data else 1),
                what="the start",
            )
        except BaseException:
            self.kill()
            raise
        return self

    def _begin_with_tables(self) -> None:
        """SQLite: a copy of an empty database, whose tables take longer to make than the rest of a start."""
        data = self.folder / "data"
        if "KLISZA_DATABASE_URL" not in self.environment and not data.exists():
            data.mkdir(mode=0o700)
            shutil.copyfile(empty_database(), data / "klisza.sqlite3")

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=40)
        finally:
            self.kill()

    def kill(self) -> None:
        """The whole process group at once, as a power cut would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        self._commands.stop()

    def klisza(self, *arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a command on the same data folder; more: for subprocess.run, which gives it a process of its own."""
        if arguments[0] in SHARED_COMMANDS and not more:
            done = self._commands.run(arguments)
        else:
            more = {"env": self.environment, "capture_output": True, "text": True, "timeout": 120} | more
            done = subprocess.run([KLISZA, *arguments], cwd=self.folder, check=False, **more)
        assert not check or done.returncode == 0, f"klisza {arguments[:2]}: {done.stdout}{done.stderr}"
        return done

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """`?` for values. Ids as text without dashes, so that SQLite and PostgreSQL read alike."""
        address = self.environment.get("KLISZA_DATABASE_URL", "")
        if address:
            import psycopg

            with psycopg.connect(address) as connection:
                found = connection.execute(sql.replace("?", "%s"), values)  # type: ignore[call-overload, unused-ignore]
                return found.fetchall() if found.description else []
        path = self.folder / "data" / "klisza.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
            found_rows = connection.execute(sql, values).fetchall()
            connection.commit()
        return found_rows

    def get(self, path: str, *, base: str = "") -> tuple[int, str]:
        try:
            with urllib.request.urlopen((base or self.url) + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def mails(self, to: str = "") -> list[EmailMessage]:
        """What left by mail so far, oldest first; `to`: only to this address."""
        files = sorted((self.folder / "data" / "outbox" / "mail").glob("*.eml"), key=_age)
        found = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [
            mail for mail in found if isinstance(mail, EmailMessage) and (not to or to in str(mail["To"]))
        ]

    def texts(self, to: str = "") -> list[dict[str, str]]:
        """Text messages so far, oldest first: {to, text, at}."""
        files = sorted((self.folder / "data" / "outbox" / "sms").glob("*.json"), key=_age)
        found = [json.loads(file.read_text("utf-8")) for file in files]
        return [text for text in found if not to or text["to"] == to]

    def wait_for(self, look: Callable[[], T], *, seconds: float = 60, what: str = "it") -> T:
        """The first true answer of `look`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s for {what}; the log ends with:\n{self.log_tail()}")

    def log_tail(self, lines: int = 30) -> str:
        return (
            "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
            if self.log.exists()
            else ""
        )

    def _announced(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"klisza up ended by itself:\n{self.log_tail()}"
        return b"Ctrl-C stops." in self.log.read_bytes()[self.log_begin :]


class Commands:
    """A process that runs one command after the other (commands.py), under the settings of a portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.process: subprocess.Popen[str] | None = None
        self.environment: dict[str, str] = {}
        self._turn = threading.Lock()

    def run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        with self._turn:
            return self._run(arguments)

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        if self.environment != self.portal.environment:
            self.stop()
        process = self.process = self.process or self._start()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        code, out, err = json.loads(process.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out, err)

    def stop(self) -> None:
        if self.process is not None:
            self.process.communicate()
            self.process = None

    def _start(self) -> subprocess.Popen[str]:
        self.environment = dict(self.portal.environment)
        with (self.portal.folder / "commands.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.commands"], env=self.environment, cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip


def database() -> dict[str, str]:
    """With KLISZA_TEST_DATABASE=1 every portal or program gets a database of its own on the server of the tests."""
    if os.environ.get("KLISZA_TEST_DATABASE") != "1":
        return {}
    from tests.postgres import new_database

    address = new_database(os.environ["KLISZA_DATABASE_URL"], f"portal_{secrets.token_hex(6)}")
    return {"KLISZA_DATABASE_URL": address, "KLISZA_SECRET_KEY": os.environ["KLISZA_SECRET_KEY"]}


def empty_database() -> Path:
    """Made once for these migrations, whoever of the parallel test processes comes first."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "klisza").glob("*/migrations/*.py")):
        digest.update(file.read_bytes())
    made = ROOT / ".state" / f"tables-{digest.hexdigest()[:16]}.sqlite3"
    made.parent.mkdir(exist_ok=True)
    with (made.parent / "tables.lock").open("w") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            environment = _without_klisza() | {"KLISZA_DEMO": "1", "KLISZA_DATA_DIR": folder}
            subprocess.run([KLISZA, "migrate", "--skip-checks", "-v0"], env=environment, check=True)
            with contextlib.closing(sqlite3.connect(Path(folder) / "klisza.sqlite3")) as connection:
                connection.execute("VACUUM INTO ?", [str(made)])
    return made


def _without_klisza() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KLISZA_")}


def _age(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name


@contextlib.contextmanager
def running(folder: Path, *, demo_data: bool = False, **settings: str) -> Iterator[Portal]:
    portal = Portal(folder, demo_data=demo_data, **settings)
    portal.start()
    try:
        yield portal
    finally:
        portal.stop()
