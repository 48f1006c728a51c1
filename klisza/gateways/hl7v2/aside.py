"""What may block is done beside the event loop, by few threads: whoever comes with more waits its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from klisza.base.database import drop_stale_connections

Result = TypeVar("Result")


class Aside:
    def __init__(self) -> None:
        self.list = ThreadPoolExecutor(2, "hl7-list")  # questions to the database
        self.notes = ThreadPoolExecutor(1, "hl7-notes")  # of refusals, when the database has time
        self.heavy = ThreadPoolExecutor(2, "hl7-heavy")  # large messages
        self.one_big = asyncio.Semaphore(1)  # a message of 64 MiB takes a multiple of that while it is read

    def close(self) -> None:
        for pool in (self.list, self.heavy, self.notes):
            pool.shutdown(cancel_futures=True)


async def in_thread(pool: ThreadPoolExecutor | None, work: Callable[..., Result], *given: object) -> Result:
    """pool: None is the loop's own."""
    return await asyncio.get_running_loop().run_in_executor(pool, work, *given)


async def on_database(pool: ThreadPoolExecutor | None, work: Callable[..., Result], *given: object) -> Result:
    return await in_thread(pool, _on_database, work, *given)


def _on_database(work: Callable[..., Result], *given: object) -> Result:
    drop_stale_connections()
    try:
        return work(*given)
    finally:
        connections.close_all()
