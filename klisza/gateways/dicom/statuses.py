"""The status of a C-STORE (PS3.4 B.2.3, PS3.7 C), and of a report of a commitment.

Business trouble is no failure: a refused object stops the sender's whole queue.
"""

from __future__ import annotations

from klisza.archive.services import Outcome

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
SOP_CLASS_NOT_SUPPORTED = 0x0122
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000

MEANING = {
    SUCCESS: "stored, an identical duplicate, or kept aside for staff",
    PROCESSING_FAILURE: "a fault of ours; send again",
    NO_SUCH_INSTANCE: "a report of a storage commitment that we have not asked for",
    SOP_CLASS_NOT_SUPPORTED: "the SOP class is not that of the presentation context",
    OUT_OF_RESOURCES: "disk full or database locked; send again later",
    DATA_SET_DOES_NOT_MATCH: "SOP class or instance UID of the data set is not the announced one",
    CANNOT_UNDERSTAND: "damaged, without one of the four UIDs, too deep, or too large",
}


def status_of(outcome: Outcome) -> int:
    if outcome.status != "refused":
        return SUCCESS
    return DATA_SET_DOES_NOT_MATCH if outcome.cause == "mismatch" else CANNOT_UNDERSTAND
