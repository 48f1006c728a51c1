"""Many messages about one new patient at the same moment, in processes of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.portal import Portal

MESSAGES = 4


def test_parallel_messages_make_one_account_s7(portal: Portal) -> None:
    def send(number: int) -> str:
        return portal.klisza(
            "patient", "upsert", "--id", "PAR-1", "--family", "Kowalska", "--given", f"Ewa {number}",
            "--birth-date", "1980-03-07", "--email", "parallel@example.org", "--mobile", "600100201",
            timeout=240,
        ).stdout  # fmt: skip

    with ThreadPoolExecutor(MESSAGES) as senders:
        said = list(senders.map(send, range(MESSAGES)))
    assert len({line.split()[1] for line in said}) == 1
    mails = portal.wait_for(lambda: portal.mails("parallel@example.org"), what="the account mail")
    assert len(mails) == 1
