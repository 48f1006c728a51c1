"""Which presentation contexts we accept: verification, every storage class, and reports of a storage commitment that we
asked for; nothing else (R03)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pynetdicom.service_class import ServiceClass, StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from klisza.standards.dicom.uids import (
    ACCEPTED_TRANSFER_SYNTAXES,
    EXPLICIT_LE,
    IMPLICIT_LE,
    STORAGE_COMMITMENT,
    VERIFICATION,
)
from klisza.standards.dul.pdus import Decision, Proposal, Role, Verdict

STANDARD_ROOT = "1.2.840.10008."
STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."  # also holds retired classes that the library does not list


@lru_cache(maxsize=1024)
def is_storage(sop_class_uid: str) -> bool:
    """Standard, retired, private or newer than the library: whatever can only be an object to keep."""
    service = uid_to_service_class(sop_class_uid)
    if service is ServiceClass:  # unknown to the library
        return sop_class_uid.startswith(STORAGE_ROOT) or not sop_class_uid.startswith(STANDARD_ROOT)
    return service is StorageServiceClass


def decide(proposal: Proposal, roles: Iterable[Role] = ()) -> Decision:
    """Of the transfer syntaxes offered, the first in our order: compressed ones before uncompressed.

    roles: as the requestor proposes. Of a storage commitment it may be the provider only, who reports to us: we keep
    nobody's promise to keep.
    """
    uid, offered = proposal.abstract_syntax, proposal.transfer_syntaxes
    ours: tuple[str, ...] = ()
    reports = any(role.sop_class_uid == uid and role.scp for role in roles)
    if uid == VERIFICATION or (uid == STORAGE_COMMITMENT and reports):
        ours = (EXPLICIT_LE, IMPLICIT_LE)
    elif is_storage(uid):
        ours = ACCEPTED_TRANSFER_SYNTAXES
    else:
        return Decision(proposal.id, Verdict.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT_LE)
    chosen = next((syntax for syntax in ours if syntax in offered), None)
    if chosen is None:
        return Decision(proposal.id, Verdict.TRANSFER_SYNTAXES_NOT_SUPPORTED, IMPLICIT_LE)
    return Decision(proposal.id, Verdict.ACCEPTED, chosen)
