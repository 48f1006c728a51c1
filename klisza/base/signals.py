"""How a long-running process learns that it is to end."""

from __future__ import annotations

import queue
import signal
import threading


def stop_asked() -> threading.Event:
    """An event that SIGTERM or SIGINT sets. Call on the main thread.

    A thread sets it, not the handler: a handler runs between two steps of the main thread, which may be inside
    `wait` with the event's own lock in its hand, and would wait for it for ever. SimpleQueue.put is made for this.
    """
    stop, asked = threading.Event(), queue.SimpleQueue[int]()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: asked.put(received))

    def pass_on() -> None:
        asked.get()
        stop.set()

    threading.Thread(target=pass_on, name="stop-asked", daemon=True).start()
    return stop
