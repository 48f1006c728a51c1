"""A process that is asked to end does, whatever its main thread is doing at that moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

HOLDS_THE_LOCK = """
import signal, sys
from klisza.base.signals import stop_asked
stop = stop_asked()
with stop._cond:  # as in the first lines of Event.wait
    signal.raise_signal(signal.{name})
sys.exit(0 if stop.wait(20) else 1)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_in_the_middle_of_waiting_is_heard(name: str) -> None:
    code = HOLDS_THE_LOCK.format(name=name)
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


HITS_ANOTHER_THREAD = """
import signal, threading
from klisza.base.signals import stop_asked
stop = stop_asked()
other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()
threading.Timer(0.5, signal.pthread_kill, [other.ident, signal.SIGTERM]).start()
stop.wait()
"""


def test_a_signal_that_another_thread_gets_is_heard() -> None:
    """The main thread sleeps on without noticing: as under strace, where such a door never closed."""
    done = subprocess.run([sys.executable, "-c", HITS_ANOTHER_THREAD], timeout=30, check=False)
    assert done.returncode == 0
