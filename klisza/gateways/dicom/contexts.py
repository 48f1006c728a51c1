"""Which presentation contexts we accept: verification and every storage class, nothing else (R03)."""

from __future__ import annotations

from collections.abc import Iterable

from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.service_class import ServiceClass, StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from klisza.standards.dicom.uids import ACCEPTED_TRANSFER_SYNTAXES, EXPLICIT_LE, IMPLICIT_LE, VERIFICATION

STANDARD_ROOT = "1.2.840.10008."
STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."  # also holds retired classes that the library does not list


def is_storage(sop_class_uid: str) -> bool:
    """Standard, retired, private or newer than the library: whatever can only be an object to keep."""
    service = uid_to_service_class(sop_class_uid)
    if service is ServiceClass:  # unknown to the library
        return sop_class_uid.startswith(STORAGE_ROOT) or not sop_class_uid.startswith(STANDARD_ROOT)
    return service is StorageServiceClass


def contexts_for(proposed: Iterable[str]) -> list[PresentationContext]:
    """What we support among the proposed abstract syntaxes; the order of syntaxes is our preference."""
    supported = []
    for uid in dict.fromkeys(proposed):
        if uid == VERIFICATION:
            supported.append(build_context(uid, [EXPLICIT_LE, IMPLICIT_LE]))
        elif is_storage(uid):
            supported.append(build_context(uid, list(ACCEPTED_TRANSFER_SYNTAXES)))
    return supported
