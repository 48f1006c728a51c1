"""One database behind two web servers of two processes each (four workers), as attackers from many addresses see it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.portal import GENEROUS, KLISZA, ROOT, Portal, free_port, running
from tests.stories import markup

PASSWORD = "sady kwitną w maju"
# What the settings say when nobody changes them; other tests' portals are generous.
AS_DELIVERED = {
    "KLISZA_SOURCE_FAILURES": "10",
    "KLISZA_SOURCE_NAMES": "3",
    "KLISZA_CODES_PER_HOUR": "5",
    "KLISZA_CODES_PER_DAY": "10",
    "KLISZA_CODES_PER_SOURCE_HOUR": "20",
    "KLISZA_RESETS_PER_SOURCE_HOUR": "10",
    "KLISZA_SHARES_OPEN": "20",
    "KLISZA_SHARES_PER_DAY": "10",
    "KLISZA_ALARM_FAILURES": "1000",
    # Every test of the file sends codes in the same hour; the breaker has a test of its own.
    "KLISZA_CODES_PER_HOUR_ALL": "4000",
}
assert AS_DELIVERED.keys() == GENEROUS.keys()
WORKERS = 2  # of each of the two web servers
START_SECONDS = 120


class Farm:
    """sources: every browser made by `browser()` has an address of its own in 127.0.0.0/8."""

    def __init__(self, portal: Portal, second: subprocess.Popen[bytes], second_url: str) -> None:
        self.portal = portal
        self.second = second
        self.doors = [portal.url, second_url]
        self._addresses = iter(range(1, 60_000))
        self._browsers: list[Browser] = []
        self._people: subprocess.Popen[str] | None = None

    # --- who comes ---

    def browser(self, *, door: int = 0, source: str = "") -> Browser:
        made = Browser(self.doors[door % 2], source or self.address())
        self._browsers.append(made)
        return made

    def address(self) -> str:
        number = next(self._addresses)
        return f"127.1.{1 + number // 250}.{1 + number % 250}"

    def close_browsers(self) -> None:
        while self._browsers:
            self._browsers.pop().http.close()

    def accounts(self, number: int, **fields: str) -> list[dict[str, str]]:
        """Accounts in use, {user_name, mobile, email, id}, all with PASSWORD; each has a number of its own."""
        return self.run("accounts", str(number), json.dumps(fields))

    def account(self, **fields: str) -> dict[str, str]:
        return self.accounts(1, **fields)[0]

    def run(self, *arguments: str) -> Any:
        """A verb of farm_people.py on the same database; what it answers."""
        self._people = self._people or self._begin_with_people()
        assert self._people.stdin
        assert self._people.stdout
        self._people.stdin.write(json.dumps(arguments) + "\n")
        self._people.stdin.flush()
        answer = self._people.stdout.readline()
        assert answer, (self.portal.folder / "people.log").read_text()
        return json.loads(answer)

    def _begin_with_people(self) -> subprocess.Popen[str]:
        with (self.portal.folder / "people.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.security.farm_people"],
                env=self.portal.environment, cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def close(self) -> None:
        self.close_browsers()
        if self._people is not None:
            self._people.communicate(timeout=60)

    # --- what the rows say ---

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """`?` for values. Ids as text without dashes, so that SQLite and PostgreSQL read alike."""
        address = self.portal.environment.get("KLISZA_DATABASE_URL", "")
        if address:
            import psycopg

            with psycopg.connect(address) as connection:
                found = connection.execute(sql.replace("?", "%s"), values)  # type: ignore[call-overload, unused-ignore]
                return found.fetchall() if found.description else []
        path = self.portal.folder / "data" / "klisza.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
            found_rows = connection.execute(sql, values).fetchall()
            connection.commit()
        return found_rows

    def value(self, sql: str, *values: object) -> Any:
        return self.rows(sql, *values)[0][0]

    def of_account(self, account: dict[str, str], column: str) -> Any:
        return self.value(f"SELECT {column} FROM accounts_account WHERE user_name = ?", account["user_name"])

    def code(self, account: dict[str, str], *, number: int = 1) -> str:
        """The number-th code this account got."""
        texts = self.portal.wait_for(
            lambda: self.portal.texts(account["mobile"])[number - 1 : number], what="the text message"
        )
        found = re.search(r"#(\d+)$", texts[0]["text"])
        assert found
        return found.group(1)

    def mails(self, account: dict[str, str]) -> list[str]:
        """Subjects so far."""
        return [str(mail["Subject"]) for mail in self.portal.mails(account["email"])]

    # --- what happens to the machine ---

    def workers(self) -> list[int]:
        """Processes that answer requests, of both public listeners."""
        parents = _processes()
        tops = [self.portal.process.pid, self.second.pid] if self.portal.process else []
        found = []
        for pid, (parent, command) in parents.items():
            is_forked = command == parents.get(parent, (0, ""))[1]
            is_ours = any(top in _line(pid, parents) for top in tops)
            if is_forked and is_ours and _serves_public(command, self.doors):
                found.append(pid)
        return found

    def is_whole(self) -> bool:
        """All workers stand and both doors answer, as before a kill."""
        return len(self.workers()) == 2 * WORKERS and all(map(_answers, self.doors))

    def kill_a_worker(self) -> None:
        """SIGKILL, as when memory runs out; granian starts another one."""
        self.portal.wait_for(self.workers, what="a worker")
        _kill(random.choice(self.workers()))

    def kill_all_workers(self) -> None:
        for pid in self.workers():
            _kill(pid)


class Browser:
    """Cookies and forms from one address; follows no redirect by itself."""

    def __init__(self, base: str, source: str) -> None:
        self.base = base
        self.source = source
        self.http = httpx.Client(
            base_url=base,
            timeout=60,
            headers={"Accept-Language": "pl", "Origin": base},
            transport=httpx.HTTPTransport(
                verify=False, local_address=source, limits=httpx.Limits(max_keepalive_connections=0)
            ),
        )

    def get(self, path: str, **more: Any) -> httpx.Response:
        return _patient(lambda: self.http.get(path, **more))

    def post(self, path: str, /, *, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """With the token of the cookie; a worker that was killed meanwhile is asked again only if it took nothing."""
        token = self.token()
        return _patient(
            lambda: self.http.post(path, data={"csrfmiddlewaretoken": token, **fields}, headers=headers)
        )

    def token(self) -> str:
        if not any("csrf" in cookie.name for cookie in self.http.cookies.jar):
            self.get("/login/")
        return next(cookie.value or "" for cookie in self.http.cookies.jar if "csrf" in cookie.name)

    def log_in(self, user_name: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        return self.post("/login/", user_name=user_name, password=password, **more)

    def enter(self, code: str) -> httpx.Response:
        return self.post("/login/code/", code=code)

    def cookie(self, part: str = "session") -> str:
        return next((c.value or "" for c in self.http.cookies.jar if c.name.endswith(part)), "")

    def is_inside(self) -> bool:
        return self.get("/account/contact/").status_code == 200


def _patient(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Nobody listens for a moment after a kill: connections that were refused have counted nothing."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def forms_of(answer: httpx.Response) -> list[markup.Form]:
    return markup.read(answer.text).forms


@contextlib.contextmanager
def standing(folder: Path, **settings: str) -> Iterator[Farm]:
    """`klisza up` and beside it one more `klisza web` on the same data."""
    more = {"KLISZA_WEB_PROCESSES": str(WORKERS), **AS_DELIVERED, **settings}
    with running(folder, **more) as portal, second_web(portal) as (second, url):
        farm = Farm(portal, second, url)
        try:
            portal.wait_for(farm.is_whole, seconds=START_SECONDS, what="all workers")
            yield farm
        finally:
            farm.close()


@contextlib.contextmanager
def second_web(portal: Portal) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """One more `klisza web` on the same data, and where it answers."""
    web, staff = free_port(), free_port()
    binds = {
        "KLISZA_WEB_BIND": f"127.0.0.1:{web}",
        "KLISZA_STAFF_BIND": f"127.0.0.1:{staff}",
        "KLISZA_WEB_PROCESSES": str(WORKERS),
    }
    url = f"http://127.0.0.1:{web}"
    with (portal.folder / "second.log").open("wb") as log:
        second = subprocess.Popen(
            [KLISZA, "web"],
            env=portal.environment | binds,
            cwd=portal.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        portal.wait_for(lambda: _answers(url), seconds=START_SECONDS, what="the second web server")
        yield second, url
    finally:
        second.send_signal(signal.SIGTERM)
        try:
            second.wait(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(second.pid, signal.SIGKILL)


def _kill(pid: int) -> None:
    """Until it is dead with all its threads: the last of them closes the sockets, and what it had accepted but
    not read is gone with it, and counted nothing.
    """
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
        while len(list(Path(f"/proc/{pid}/task").iterdir())) > 1 or _state(pid) not in "ZX":
            time.sleep(0.01)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url + "/login/", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _processes() -> dict[int, tuple[int, str]]:
    """pid -> (parent, command line)."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(folder.name)] = (parent, command)
    return found


def _serves_public(command: str, doors: list[str]) -> bool:
    ports = [str(urlsplit(door).port) for door in doors]
    return "granian" in command and any(f"--port {port} " in command for port in ports)


def _line(pid: int, processes: dict[int, tuple[int, str]]) -> list[int]:
    """The process and those above it."""
    line = [pid]
    while (parent := processes.get(line[-1], (0, ""))[0]) > 1:
        line.append(parent)
    return line
