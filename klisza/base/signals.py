"""How a long-running process learns that it is to end."""

from __future__ import annotations

import os
import signal
import threading

STOPS = (signal.SIGTERM, signal.SIGINT)


def stop_asked() -> threading.Event:
    """An event that SIGTERM or SIGINT sets. Call on the main thread.

    A handler runs on the main thread, between two of its steps: inside `wait` it would want a lock which that
    thread holds, and not at all while the kernel gives the signal to another thread. So the handler does nothing;
    whichever thread is hit, the interpreter writes the signal's number into a pipe, and a thread reads it there.
    """
    stop = threading.Event()
    heard, rung = os.pipe()
    os.set_blocking(rung, False)
    signal.set_wakeup_fd(rung, warn_on_full_buffer=False)
    for number in STOPS:
        signal.signal(number, lambda _number, _frame: None)

    def pass_on() -> None:
        while os.read(heard, 1)[0] not in STOPS:
            pass
        stop.set()

    threading.Thread(target=pass_on, name="stop-asked", daemon=True).start()
    return stop
