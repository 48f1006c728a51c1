from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from tests.portal import Portal, running


class TestUp:
    def test_public_listener_is_ready(self, portal: Portal) -> None:
        assert portal.get("/healthz") == (200, "ok\n")
        assert portal.get("/readyz") == (200, "ok\n")

    def test_staff_answers_on_its_own_listener_only(self, portal: Portal) -> None:
        """R15: the console is not reachable from where patients come."""
        public, _ = portal.get("/staff/")
        staff, _ = portal.get("/staff/", base=portal.staff_url)
        assert public == 404
        assert staff == 200  # after the redirect to the sign-in page

    def test_metrics_stay_off_the_public_listener(self, portal: Portal) -> None:
        assert portal.get("/metrics")[0] == 404
        status, text = portal.get("/metrics", base=portal.metrics_url)
        assert status == 200
        assert 'klisza_queue_length{queue="mail_waiting"}' in text

    def test_taken_port_is_named(self, portal: Portal) -> None:
        again = portal.klisza("up", check=False)
        assert again.returncode != 0
        assert "KLISZA_WEB_BIND" in again.stderr


def processes_of(portal: Portal) -> list[int]:
    """Everything that carries this portal's data folder in its environment."""
    mark = f"KLISZA_DATA_DIR={portal.folder / 'data'}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if (
                    mark in (entry / "environ").read_bytes()
                    and (entry / "stat").read_text().split(") ")[1][0] != "Z"
                ):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


class TestStopping:
    def test_died_roles_come_back_and_sigterm_leaves_nothing_behind(self, tmp_path: Path) -> None:
        """L12: a clean end within 30 s."""
        with running(tmp_path) as portal:
            before = {victim: role(portal, victim) for victim in ("worker", "public")}
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            for victim, pid in before.items():
                portal.wait_for(
                    lambda victim=victim, pid=pid: role(portal, victim) not in (0, pid),  # type: ignore[misc]
                    seconds=60, what=f"a new {victim}",
                )  # fmt: skip
            portal.wait_for(lambda: answers(portal), seconds=60, what="an answer")
            began = time.monotonic()
            assert portal.stop() == 0
            assert time.monotonic() - began < 30
            assert processes_of(portal) == []

    def test_killed_parent_takes_all_along(self, tmp_path: Path) -> None:
        with running(tmp_path) as portal:
            assert portal.process is not None
            assert len(processes_of(portal)) >= 7
            os.kill(portal.process.pid, signal.SIGKILL)
            portal.process.wait()
            portal.wait_for(lambda: not processes_of(portal), seconds=30, what="the end of all children")


def role(portal: Portal, name: str) -> int:
    """The oldest process of a role: granian's workers carry their parent's command line."""
    assert portal.process is not None
    children = Path(f"/proc/{portal.process.pid}/task/{portal.process.pid}/children").read_text().split()
    marks = (f"KLISZA_ROLE={name}\0".encode(), f"KLISZA_LISTENER={name}\0".encode())
    for pid in children:
        with contextlib.suppress(OSError):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if any(mark in environment for mark in marks):
                return int(pid)
    return 0


def answers(portal: Portal) -> bool:
    try:
        return portal.get("/readyz")[0] == 200 and portal.get("/readyz", base=portal.metrics_url)[0] == 200
    except OSError:
        return False
